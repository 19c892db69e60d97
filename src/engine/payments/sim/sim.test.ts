// What play money promises beyond the tables, and the attack on each promise.
import { afterEach, expect, test } from 'bun:test'
import { msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { encodeBolt11 } from '../../protocol/bolt11/encode.ts'
import type { Invoice } from '../../protocol/bolt11/invoice.ts'
import type { PayLimits } from '../payer.ts'
import { newPreimage, sats } from '../specimen.conformance.ts'
import type { InvoiceStatus, Issued } from '../wallet.ts'
import { openSimPayer } from './payer.ts'
import { type Scene, codeOf, create, newScene, payerOf, walletOf } from './scene.conformance.ts'

const LIMITS: PayLimits = { maxFee: msat(0n), timeoutMs: 1_000 }

const scenes: Scene[] = []
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop()
})
const newMemory = async (): Promise<Scene> => {
  const scene = await newScene('memory')
  scenes.push(scene)
  return scene
}

const read = (bolt11: string): Invoice => {
  const invoice = decodeBolt11(bolt11)
  if (typeof invoice === 'string') throw new Error(invoice)
  return invoice
}

test('an invoice with its hash, but another amount or payee, moves nothing', async () => {
  const scene = await newMemory()
  const [wallet, payer] = [await walletOf(scene), await payerOf(scene)]
  await scene.give('payer', sats(100))
  const { bolt11, paymentHash } = await create(wallet)
  const invoice = read(bolt11)
  const sign = (hash: Uint8Array) =>
    scene.here.secp.signRecoverable(hash, new Uint8Array(32).fill(7))
  for (const change of [{ msat: sats(1) }, { descriptionHash: '00'.repeat(32) }, {}]) {
    const text = encodeBolt11({ ...invoice, ...change, payee: null }, sign)
    expect(await payer.pay(text, LIMITS)).toEqual({ state: 'failed', reason: 'rejected' })
  }
  expect(await scene.has('payer')).toBe(sats(100))
  expect((await wallet.lookup(paymentHash)).state).toBe('open')
  // The true one in capitals, as a QR code has it.
  expect((await payer.pay(bolt11.toUpperCase(), LIMITS)).state).toBe('settled')
})

test('of two who pay one invoice one is charged, and nobody pays themselves', async () => {
  const scene = await newMemory()
  const wallet = await walletOf(scene)
  const { bolt11, paymentHash } = await create(wallet)
  const payers = ['one', 'two', 'payee']
  for (const account of payers) await scene.give(account, sats(100))
  const open = await Promise.all(payers.map((account) => payerOf(scene, account)))
  expect(await open[2]!.pay(bolt11, LIMITS)).toEqual({ state: 'failed', reason: 'rejected' })
  const states = await Promise.all(open.slice(0, 2).map((it) => it.pay(bolt11, LIMITS)))
  expect(states.map((it) => it.state).toSorted()).toEqual(['failed', 'settled'])
  const after = await Promise.all(payers.map((it) => scene.has(it)))
  expect(after.map(Number).toSorted((a, b) => a - b)).toEqual([79_000, 100_000, 121_000])
  const loser = open[states.findIndex((it) => it.state === 'failed')]!
  expect(await loser.payStatus(paymentHash, bolt11)).toBeNull()
})

test('a balance that lacks one msat of the fee pays nothing, and the whole of it pays', async () => {
  const scene = await newMemory()
  const [wallet, { path }] = [await walletOf(scene), scene]
  const fee = { base: msat(1n), ppm: 1_000n }
  const payer = await openSimPayer({ path, account: 'payer', fee }, scene.here)
  const { bolt11 } = await create(wallet, sats(20))
  const limits = { ...LIMITS, maxFee: msat(21n) }
  await scene.give('payer', msat(20_020n))
  expect(await payer.pay(bolt11, limits)).toEqual({ state: 'failed', reason: 'no_balance' })
  await scene.give('payer', msat(1n))
  expect(await payer.pay(bolt11, limits)).toMatchObject({ state: 'settled', fee: msat(21n) })
  expect(await scene.has('payer')).toBe(msat(0n))
  // Where the deeds were wrong, the file still would not have it.
  const overdraw = () => scene.ledger.sql('UPDATE accounts SET msat = msat - 1').run()
  expect(overdraw).toThrow('CHECK constraint failed')
})

test('of the invoice of another account a wallet knows nothing, not even with its preimage', async () => {
  const scene = await newMemory()
  const [wallet, other] = [await walletOf(scene), await walletOf(scene, 'other')]
  const payer = await payerOf(scene)
  await scene.give('payer', sats(100))
  const { secret, hash } = newPreimage()
  const { bolt11 } = await create(wallet, sats(21), hash)
  const told: InvoiceStatus[] = []
  other.subscribe((status) => told.push(status))
  const paying = payer.pay(bolt11, LIMITS)
  await scene.clock.advance(10)
  expect((await wallet.lookup(hash)).state).toBe('accepted')
  expect((await other.lookup(hash)).state).toBe('unknown')
  expect(await codeOf(other.hold!.settle(secret))).toBe('wallet.refused')
  expect(await codeOf(other.hold!.cancel(hash))).toBe('wallet.refused')
  await wallet.hold!.settle(secret)
  expect((await paying).state).toBe('settled')
  expect(told).toEqual([])
  await other.close()
})

test('who subscribes is not told of what was before, and a payment that ends at once is not missed', async () => {
  const scene = await newMemory()
  const [wallet, payer] = [await walletOf(scene), await payerOf(scene)]
  await scene.give('payer', sats(100))
  await payer.pay((await create(wallet)).bolt11, LIMITS)
  const told: InvoiceStatus[] = []
  const end = wallet.subscribe((status) => told.push(status))
  const { secret, hash } = newPreimage()
  const { bolt11 } = await create(wallet, sats(21), hash)
  // Both deeds are done before the payer begins to wait; no time passes.
  const paying = payer.pay(bolt11, LIMITS)
  await wallet.hold!.settle(secret)
  expect((await paying).state).toBe('settled')
  await Promise.resolve()
  expect(told.map((it) => `${it.paymentHash} ${it.state}`)).toEqual([`${hash} settled`])
  end()
})

test('as Lightning, it carries nothing under 1,000 msat', async () => {
  const scene = await newMemory()
  const [wallet, payer] = [await walletOf(scene), await payerOf(scene)]
  await scene.give('payer', sats(100))
  const pay = async (amount: bigint) =>
    payer.pay((await create(wallet, msat(amount))).bolt11, LIMITS)
  expect(await pay(999n)).toEqual({ state: 'failed', reason: 'no_route' })
  expect((await pay(1_000n)).state).toBe('settled')
})

test('an invoice can be paid until its last ms, and not in the next', async () => {
  const scene = await newMemory()
  const [wallet, payer] = [await walletOf(scene), await payerOf(scene)]
  await scene.give('payer', sats(100))
  const [first, second] = [await create(wallet), await create(wallet)]
  const end = (read(first.bolt11).timestamp + 60) * 1_000
  await scene.clock.run(end - 1)
  expect((await wallet.lookup(second.paymentHash)).state).toBe('open')
  expect((await payer.pay(first.bolt11, LIMITS)).state).toBe('settled')
  await scene.clock.run(end)
  expect((await wallet.lookup(second.paymentHash)).state).toBe('canceled')
  expect(await payer.pay(second.bolt11, LIMITS)).toEqual({ state: 'failed', reason: 'expired' })
  // What was paid in time is paid, however late somebody asks.
  expect((await payer.pay(first.bolt11, LIMITS)).state).toBe('settled')
})

test('a preimage is seen by nobody before its invoice is settled', async () => {
  const scene = await newMemory()
  const [wallet, payer] = [await walletOf(scene), await payerOf(scene)]
  await scene.give('payer', sats(100))
  const { secret, hash } = newPreimage()
  const { bolt11 } = await create(wallet, sats(21), hash)
  const paying = payer.pay(bolt11, LIMITS)
  await scene.clock.advance(1_000)
  expect(await paying).toEqual({ state: 'inflight' })
  expect(await payer.payStatus(hash, bolt11)).toEqual({ state: 'inflight' })
  // Not even by who has the file: it is not in it.
  const rows = scene.ledger.sql<{ preimage: unknown }, []>('SELECT preimage FROM invoices').all()
  expect(rows).toEqual([{ preimage: null }])
  await wallet.hold!.settle(secret)
  expect(await payer.payStatus(hash, bolt11)).toEqual({
    state: 'settled',
    preimage: secret,
    fee: msat(0n),
  })
})

test('a payer who goes away while a payment is held hears that it is under way, and waits no longer', async () => {
  const scene = await newMemory()
  const [wallet, payer] = [await walletOf(scene), await payerOf(scene)]
  await scene.give('payer', sats(100))
  const { hash } = newPreimage()
  const { bolt11 } = await create(wallet, sats(21), hash)
  const paying = payer.pay(bolt11, LIMITS)
  await scene.clock.advance(10)
  await payer.close()
  expect(await paying).toEqual({ state: 'inflight' })
  // And one that closes before the ledger has answered.
  const late = await payerOf(scene, 'late')
  await scene.give('late', sats(100))
  const { bolt11: second } = await create(wallet, sats(21), newPreimage().hash)
  const unheard = late.pay(second, LIMITS)
  await late.close()
  expect(await unheard).toEqual({ state: 'inflight' })
  expect(scene.clock.pending()).toBe(0)
})

test('who was away learns of each of a thousand payments once', async () => {
  const scene = await newMemory()
  const [wallet, payer] = [await walletOf(scene), await payerOf(scene)]
  const others = await walletOf(scene, 'others')
  await scene.give('payer', sats(10_000))
  const told: InvoiceStatus[] = []
  const end = wallet.subscribe((status) => told.push(status))
  const hashes: string[] = []
  // All in one turn: they are found by one look.
  const all = Array.from({ length: 1_300 }, async (_, i) => {
    const { bolt11, paymentHash } = await create(i % 13 === 0 ? others : wallet, sats(1))
    if (i % 13 !== 0) hashes.push(paymentHash)
    return payer.pay(bolt11, LIMITS)
  })
  await Promise.all(all)
  await scene.pass(50)
  expect(told).toHaveLength(1_200)
  expect(new Set(told.map((it) => it.paymentHash))).toEqual(
    new Set(hashes as Issued['paymentHash'][]),
  )
  end()
})

test('what is held for half a day goes back, and after 90 days all is forgotten but what is held', async () => {
  const scene = await newMemory()
  const [wallet, payer] = [await walletOf(scene), await payerOf(scene)]
  await scene.give('payer', sats(100))
  const { secret, hash } = newPreimage()
  const held = await create(wallet, sats(21), hash)
  const settled = await create(wallet)
  await payer.pay(settled.bolt11, LIMITS)
  const paying = payer.pay(held.bolt11, LIMITS)
  const hour = 3_600_000
  await scene.clock.advance(12 * hour)
  await paying
  await walletOf(scene, 'somebody')
  expect((await wallet.lookup(hash)).state).toBe('accepted')
  await scene.clock.advance(2 * 60_000)
  await walletOf(scene, 'somebody')
  expect((await wallet.lookup(hash)).state).toBe('canceled')
  expect(await scene.has('payer')).toBe(sats(79))
  expect(await codeOf(wallet.hold!.settle(secret))).toBe('wallet.refused')
  expect((await wallet.lookup(settled.paymentHash)).state).toBe('settled')
  await scene.clock.advance(91 * 24 * hour)
  await scene.give('somebody', sats(1))
  await walletOf(scene, 'somebody')
  expect(scene.ledger.sql('SELECT * FROM moves').all()).toHaveLength(1)
  expect((await wallet.lookup(settled.paymentHash)).state).toBe('unknown')
  expect(await scene.has('payee')).toBe(sats(21))
})
