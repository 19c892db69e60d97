// The fake lies as it says it does, and only then: tests of roles build on it.
import { afterEach, expect, test } from 'bun:test'
import { fromHex, sha256, toHex } from '../../src/engine/base/bytes.ts'
import { msat } from '../../src/engine/base/money.ts'
import { seededRandom } from '../../src/engine/base/random.ts'
import type { PayLimits } from '../../src/engine/payments/payer.ts'
import { openSimPayer } from '../../src/engine/payments/sim/payer.ts'
import { type Scene, newScene } from '../../src/engine/payments/sim/scene.conformance.ts'
import { openSimWallet } from '../../src/engine/payments/sim/wallet.ts'
import { newPreimage, newTerms, sats } from '../../src/engine/payments/specimen.conformance.ts'
import type { InvoiceStatus, Issued } from '../../src/engine/payments/wallet.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { faultyPayer } from './faulty-wallet-payer.ts'
import { WALLET_FAULTS, type WalletFault, newFaultPlan } from './faulty-wallet-plan.ts'
import { faultyWallet } from './faulty-wallet.ts'

const LIMITS: PayLimits = { maxFee: msat(0n), timeoutMs: 5_000 }
const scenes: Scene[] = []
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop()
})

/** Payee and payer of play money, with these faults in the next calls that can have them, or by odds. */
const newDay = async (of: {
  next?: readonly WalletFault[]
  odds?: Partial<Record<WalletFault, number>>
  seed?: number
}) => {
  const scene = await newScene('memory')
  scenes.push(scene)
  const { path, clock, here } = scene
  const plan = newFaultPlan({ clock, random: seededRandom(of.seed ?? 1), ...of })
  const truth = await openSimWallet({ path, account: 'payee' }, here)
  const paying = await openSimPayer({ path, account: 'payer' }, here)
  await scene.give('payer', sats(10_000))
  const wish = { msat: sats(20), terms: newTerms(1), expirySec: 600 }
  const [wallet, payer] = [faultyWallet(truth, plan), faultyPayer(paying, plan)]
  const has = () => scene.has('payee')
  /** What a call becomes, with so much time for it. */
  const soon = async <T>(promise: Promise<T>, ms = 30_000): Promise<T | string> => {
    const ended = promise.catch((error: { code: string }) => error.code)
    await clock.advance(ms)
    return ended
  }
  return { clock, plan, truth, wish, wallet, payer, has, soon }
}

test('without faults nothing is different', async () => {
  const { wallet, payer, truth, wish, plan, has } = await newDay({})
  const told: InvoiceStatus[] = []
  const end = wallet.subscribe((status) => told.push(status))
  const { bolt11, paymentHash } = await wallet.createInvoice(wish)
  const payment = await payer.pay(bolt11, LIMITS)
  expect(payment).toMatchObject({ state: 'settled', fee: msat(0n) })
  expect(await payer.payStatus(paymentHash, bolt11)).toEqual(payment)
  expect(await wallet.lookup(paymentHash)).toEqual(await truth.lookup(paymentHash))
  await Promise.resolve()
  expect(told).toEqual([await truth.lookup(paymentHash)])
  expect(await has()).toBe(sats(20))
  expect(plan.injected).toEqual([])
  expect(await wallet.info()).toEqual(await truth.info())
  end()
  const { secret, hash } = newPreimage()
  const held = await wallet.createInvoice({ ...wish, hold: hash })
  const paying = payer.pay(held.bolt11, LIMITS)
  await new Promise(setImmediate)
  await wallet.hold!.settle(secret)
  expect((await paying).state).toBe('settled')
})

test('down: nothing answers for a minute, then all does', async () => {
  const { wallet, payer, wish, clock, soon } = await newDay({ next: ['down'] })
  expect(await soon(wallet.createInvoice(wish), 0)).toBe('wallet.unreachable')
  await clock.advance(59_999)
  expect(await soon(payer.pay('', LIMITS), 0)).toBe('wallet.unreachable')
  expect(await soon(wallet.info(), 0)).toBe('wallet.unreachable')
  await clock.advance(1)
  expect((await wallet.info()).kind).toBe('sim')
})

test('late answer: it comes, at some time', async () => {
  const { payer, wish, truth, has, clock } = await newDay({ next: ['late answer'] })
  const { bolt11 } = await truth.createInvoice(wish)
  let said = ''
  const paying = payer.pay(bolt11, LIMITS).then(({ state }) => (said = state))
  await clock.advance(10)
  expect(await has()).toBe(sats(20))
  expect(said).toBe('')
  await clock.advance(LIMITS.timeoutMs)
  expect(await paying).toBe('settled')
})

test('page: one answer makes no sense, and nothing was done', async () => {
  const { wallet, payer, wish, truth, has, soon } = await newDay({ next: ['page', 'page'] })
  expect(await soon(wallet.createInvoice(wish))).toBe('wallet.answer')
  const { bolt11 } = await truth.createInvoice(wish)
  expect(await soon(payer.pay(bolt11, LIMITS))).toBe('wallet.answer')
  expect(await has()).toBe(msat(0n))
  expect((await payer.pay(bolt11, LIMITS)).state).toBe('settled')
})

test('cut: it was done, and nobody heard', async () => {
  const { wallet, payer, wish, truth, has, soon } = await newDay({ next: ['cut', 'cut'] })
  expect(await soon(wallet.createInvoice(wish))).toBe('wallet.unreachable')
  const { bolt11, paymentHash } = await truth.createInvoice(wish)
  expect(await soon(payer.pay(bolt11, LIMITS))).toEqual({ state: 'unknown' })
  expect(await has()).toBe(sats(20))
  expect((await payer.payStatus(paymentHash, bolt11))?.state).toBe('settled')
})

test('stuck: in flight for ever, however often it is asked, and no money moves', async () => {
  const { payer, wish, truth, has, soon } = await newDay({ next: ['stuck'] })
  const { bolt11, paymentHash } = await truth.createInvoice(wish)
  for (let i = 0; i < 3; i++) {
    expect(await soon(payer.pay(bolt11, LIMITS))).toEqual({ state: 'inflight' })
    expect(await payer.payStatus(paymentHash, bolt11)).toEqual({ state: 'inflight' })
  }
  expect(await soon(payer.pay(bolt11, LIMITS), 3_600_000)).toEqual({ state: 'inflight' })
  expect(await has()).toBe(msat(0n))
})

test.each([
  ['settles after timeout', { state: 'unknown' }],
  ['settles after failure', { state: 'failed', reason: 'other' }],
] as const)('%s: the money moves once, within a minute', async (fault, said) => {
  const { payer, wish, truth, has, soon } = await newDay({ next: [fault] })
  const { bolt11, paymentHash } = await truth.createInvoice(wish)
  const first = payer.pay(bolt11, LIMITS)
  expect(await payer.payStatus(paymentHash, bolt11)).toEqual(said)
  expect(await payer.pay(bolt11, LIMITS)).toEqual(said)
  expect(await has()).toBe(msat(0n))
  expect(await soon(first, 66_000)).toEqual(said)
  expect(await has()).toBe(sats(20))
  expect((await payer.payStatus(paymentHash, bolt11))?.state).toBe('settled')
  expect((await payer.pay(bolt11, LIMITS)).state).toBe('settled')
  expect(await has()).toBe(sats(20))
})

test.each(['no preimage', 'zero preimage', 'wrong preimage'] as const)(
  '%s: settled all the same',
  async (fault) => {
    const { payer, wish, truth, has } = await newDay({ next: [fault] })
    const { bolt11, paymentHash } = await truth.createInvoice(wish)
    const payments = [
      await payer.pay(bolt11, LIMITS),
      await payer.payStatus(paymentHash, bolt11),
      await payer.pay(bolt11, LIMITS),
    ]
    expect(await has()).toBe(sats(20))
    for (const payment of payments) {
      if (payment?.state !== 'settled') throw new Error(payment?.state)
      expect(payment).toMatchObject({ ...payments[0] })
      const { preimage } = payment
      if (fault === 'no preimage') expect(preimage).toBeNull()
      else expect(toHex(sha256(fromHex(preimage!)))).not.toBe(paymentHash)
      if (fault === 'zero preimage') expect(preimage).toMatch(/^0{64}$/)
    }
  },
)

test.each([
  ['lost', 0, 0],
  ['late notice', 0, 1],
  ['duplicate', 2, 3],
] as const)('%s: word of a payment comes %i times at once, %i in all', async (fault, soon, all) => {
  const { wallet, payer, wish, truth, clock } = await newDay({ next: [fault] })
  let told = 0
  wallet.subscribe(() => told++)
  const { bolt11 } = await truth.createInvoice(wish)
  expect((await payer.pay(bolt11, LIMITS)).state).toBe('settled')
  await clock.advance(0)
  expect(told).toBe(soon)
  await clock.advance(30_000)
  expect(told).toBe(all)
})

test('wrong amount: it says so each time, and half or twice of it', async () => {
  const { wallet, payer, wish, truth } = await newDay({ next: ['wrong amount'] })
  const { bolt11, paymentHash } = await truth.createInvoice(wish)
  await payer.pay(bolt11, LIMITS)
  const { received } = await wallet.lookup(paymentHash)
  expect([10_000n, 40_000n]).toContain(BigInt(received!))
  expect((await wallet.lookup(paymentHash)).received).toBe(received)
})

test('wrong net and other invoice: sound invoices, but not the ones that were asked for', async () => {
  const { wallet, wish } = await newDay({
    next: ['wrong net', ...Array<WalletFault>(20).fill('other invoice')],
  })
  const foreign = decodeBolt11((await wallet.createInvoice(wish)).bolt11)
  expect(foreign).toMatchObject({ prefix: 'bc', msat: wish.msat })
  const asked = toHex(sha256(wish.terms))
  for (let i = 0; i < 20; i++) {
    const it = decodeBolt11((await wallet.createInvoice(wish)).bolt11)
    if (typeof it === 'string') throw new Error(it)
    expect(it.msat === wish.msat && it.descriptionHash === asked).toBe(false)
  }
})

test('one seed, one day: and whatever comes, no invoice is paid twice', async () => {
  const odds = Object.fromEntries(WALLET_FAULTS.map((it) => [it, 40]))
  const day = async (seed: number) => {
    const { wallet, payer, truth, wish, plan, has, clock } = await newDay({ odds, seed })
    const amounts = new Map<Issued['paymentHash'], bigint>()
    for (let i = 0; i < 60; i++) {
      const making = wallet.createInvoice(wish).catch(() => null)
      await clock.advance(30_000)
      const issued = await making
      const invoice = issued && decodeBolt11(issued.bolt11)
      if (!invoice || typeof invoice === 'string') continue
      amounts.set(invoice.paymentHash, invoice.msat!)
      for (let again = 0; again < 3; again++) {
        payer.pay(issued.bolt11, LIMITS).catch(() => {})
        await clock.advance(70_000)
      }
    }
    let due = 0n
    for (const [hash, amount] of amounts)
      if ((await truth.lookup(hash)).state === 'settled') due += amount
    expect(await has()).toBe(msat(due))
    return { injected: plan.injected, due }
  }
  const [one, same, other] = [await day(5), await day(5), await day(6)]
  expect(same).toEqual(one)
  expect(other.injected).not.toEqual(one.injected)
  expect(one.due).toBeGreaterThan(400_000n)
  expect(new Set([...one.injected, ...other.injected]).size).toBeGreaterThan(9)
})
