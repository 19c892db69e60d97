// The adapter of lnd against real ones: btcd and three lnds on regtest, built by Go (scripts/live/lnd.ts).
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { lndCall, PERMISSIONS, startLightning, until } from '../../scripts/live/lightning.ts'
import {
  balanceOf,
  cancelInvoice,
  countInvoices,
  isQuiet,
  makeInvoice,
  payInvoice,
  settleInvoice,
} from '../../scripts/live/lnd/deeds.ts'
import { ensureLnd } from '../../scripts/live/lnd.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { foreignInvoice } from '../../src/engine/payments/foreign.conformance.ts'
import { lndCaps } from '../../src/engine/payments/lnd/info.ts'
import { canSpend } from '../../src/engine/payments/lnd/macaroon.ts'
import { openLndPayer } from '../../src/engine/payments/lnd/payer.ts'
import { openLndWallet } from '../../src/engine/payments/lnd/wallet.ts'
import type { Payment } from '../../src/engine/payments/payer.ts'
import { payerConformance } from '../../src/engine/payments/payer.conformance.ts'
import {
  newPreimage,
  newTerms,
  type World,
} from '../../src/engine/payments/specimen.conformance.ts'
import { walletConformance } from '../../src/engine/payments/wallet.conformance.ts'
import type { InvoiceStatus, PaymentSeams } from '../../src/engine/payments/wallet.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'
import { loudly } from './llama.ts'
import { connect } from './lnd-ends.ts'

setDefaultTimeout(300_000)

const programs = await ensureLnd()
const net = 'missing' in programs ? undefined : await startLightning(programs, say)
if ('missing' in programs) {
  if (process.env.FEDAI_LIVE === 'required') throw new Error(programs.missing)
  loudly('the adapter of lnd against a real one', programs.missing)
}
afterAll(() => net?.stop())

function say(line: string): void {
  process.stderr.write(`  ${line}\n`)
}

const seams: PaymentSeams = {
  clock: systemClock,
  random: systemRandom,
  secp: await openSecp256k1(),
  net: 'regtest',
}
const LIMITS = { maxFee: msat(20_000n), timeoutMs: 20_000 }

/** An invoice that bob makes without the adapter. */
const bobsInvoice = async (amount: bigint, expirySec: number, hold = false) => {
  const { bob } = net!
  const { secret, hash } = newPreimage()
  const it = await makeInvoice(bob, { msat: amount, expirySec, ...(hold && { hash }) })
  return {
    ...it,
    paymentHash: paymentHash(it.hash),
    settle: () => settleInvoice(bob, secret),
    cancel: () => cancelInvoice(bob, hash),
  }
}

const world = (...secrets: string[]): World => ({
  now: () => systemClock.now(),
  pass: (ms) => Bun.sleep(ms),
  settleTimeMs: 2_000,
  secrets,
})

if (net) {
  const { alice, bob } = net
  const [receive, pay] = [await bob.bake(PERMISSIONS.receive), await alice.bake(PERMISSIONS.pay)]
  const cannot = { break: 'it is real', lie: 'it is real', twice: 'it is real' }
  const timeoutMs = 60_000

  walletConformance('real lnd', { caps: lndCaps(false), cannot, timeoutMs }, async () => ({
    ...world(receive),
    wallet: await openLndWallet(connect(bob, receive), seams),
    expected: { kind: 'lnd', net: 'regtest', nodeKey: await bob.key() },
    payFromOutside: (bolt11) => payInvoice(alice, bolt11),
    made: () => countInvoices(bob),
  }))

  payerConformance('real lnd', { caps: lndCaps(true), cannot, timeoutMs }, async () => ({
    ...world(pay),
    payer: await openLndPayer(connect(alice, pay), seams),
    expected: { kind: 'lnd', net: 'regtest', nodeKey: null },
    balance: () => balanceOf(alice),
    invoiceFromOutside: ({ msat: amount, expirySec, hold }) => bobsInvoice(amount, expirySec, hold),
    unreachable: async ({ msat: amount, expirySec }) => ({
      bolt11: await foreignInvoice('regtest', { at: systemClock.now(), msat: amount, expirySec }),
      paymentHash: newPreimage().hash,
      received: async () => 0n,
    }),
  }))

  describe('macaroons of a real lnd', () => {
    test('may do what the adapter needs and no more; what they say of themselves is true', async () => {
      const admin = { ...bob }
      const denied = async (macaroon: string, path: string, body?: object) => {
        const { body: said } = await lndCall({ ...admin, macaroon }, path, body)
        return JSON.stringify(said).includes('permission denied')
      }
      const { bolt11 } = await bobsInvoice(1_000n, 60)
      const spending: [string, object?][] = [
        ['/v2/router/send', { payment_request: 'nothing', timeout_seconds: 1 }],
        ['/v1/transactions', { addr: 'nobody', amount: '1' }],
        ['/v1/macaroon', { permissions: [] }],
      ]
      const seeing: [string][] = [
        ['/v1/getinfo'],
        ['/v1/balance/blockchain'],
        ['/v1/payments'],
        ['/v1/invoices'],
        ['/v1/newaddress'],
      ]
      for (const [path, body] of [...spending, ...seeing])
        expect([path, await denied(receive, path, body)]).toEqual([path, true])
      const pays = await bob.bake(PERMISSIONS.pay)
      for (const [path, body] of [...spending.slice(1), ...seeing])
        expect([path, await denied(pays, path, body)]).toEqual([path, true])
      expect(await denied(pays, '/v2/router/send', spending[0]![1])).toBe(false)
      expect(await denied(pays, `/v1/payreq/${bolt11}`)).toBe(false)

      const file = async (name: string) => (await bob.file(name)).toString('hex')
      const both = (...entities: string[]) =>
        bob.bake(entities.flatMap((it) => ['read', 'write'].map((action) => [it, action] as const)))
      expect(canSpend(receive)).toBe(false)
      expect(canSpend(pays)).toBe(true)
      expect(canSpend(bob.macaroon)).toBe(true)
      expect(canSpend(await both('invoices'))).toBe(false)
      expect(canSpend(await both('offchain'))).toBe(true)
      expect(canSpend(await both('onchain'))).toBe(true)
      expect(canSpend(await file('invoice.macaroon'))).toBe(false)
      expect(canSpend(await file('readonly.macaroon'))).toBe(false)
      expect(canSpend(await file('router.macaroon'))).toBe(true)
    })

    test('that lack something are a Fault at once', async () => {
      const wrong = await openLndPayer(connect(alice, receive), seams)
      expect(await wrong.info().catch((it) => it.code)).toBe('wallet.credential')
      const lame = await alice.bake(PERMISSIONS.pay.slice(0, 1))
      const blind = await openLndPayer(connect(alice, lame), seams)
      expect(await blind.info().catch((it) => it.code)).toBe('wallet.credential')
      const wallet = await openLndWallet(connect(bob, pay), seams)
      const wish = { msat: msat(1_000n), terms: newTerms(1), expirySec: 60 }
      expect(await wallet.createInvoice(wish).catch((it) => it.code)).toBe('wallet.credential')
    })
  })

  test('who subscribed is told of what happens after a kill -9 of its lnd', async () => {
    const wallet = await openLndWallet(connect(bob, receive), seams)
    const told: InvoiceStatus[] = []
    const wish = { msat: msat(2_000n), terms: newTerms(1), expirySec: 600 }
    const { bolt11, paymentHash: hash } = await wallet.createInvoice(wish)
    const end = wallet.subscribe((status) => told.push(status))
    await Bun.sleep(300)
    await bob.kill()
    await bob.again()
    expect(await payInvoice(alice, bolt11)).toBe('settled')
    await until('word of the payment', 40_000, async () =>
      told.some((it) => it.paymentHash === hash && it.state === 'settled'),
    )
    end()
    await wallet.close()
  })

  // An lnd that dies within some 20 ms keeps a payment in flight for ever (lnd#5152): not each time.
  test('a payer that is killed in the middle of a payment: each ends as its payee says, and is paid once', async () => {
    const payer = await openLndPayer(connect(alice, pay), seams)
    const seesNoChannels = await alice.bake(PERMISSIONS.pay.slice(0, 3))
    const blind = await openLndPayer(connect(alice, seesNoChannels), seams)
    await until('nothing is on its way', 10_000, () => isQuiet(bob))
    const before = await balanceOf(bob)
    const begun = []
    for (let afterMs = 4; afterMs <= 48; afterMs += 4) {
      const invoice = await bobsInvoice(7_000n, 15)
      const paying = payer.pay(invoice.bolt11, LIMITS).catch((): Payment => ({ state: 'unknown' }))
      await Bun.sleep(afterMs)
      await alice.kill()
      const said = await paying
      await alice.again()
      begun.push({ ...invoice, said })
    }
    // Until the last one has expired, and a while.
    await Bun.sleep(26_000)
    let [settled, stuck] = [0n, 0]
    for (const { bolt11, paymentHash: hash, said, received } of begun) {
      const now = await payer.payStatus(hash, bolt11)
      const arrived = await received()
      settled += arrived
      expect(['settled', 'unknown', 'inflight']).toContain(said.state)
      expect(now?.state ?? 'none').toBe(arrived > 0n ? 'settled' : now ? 'failed' : 'none')
      if (now?.state !== 'failed' || now.reason !== 'other') continue
      stuck++
      expect(await blind.payStatus(hash, bolt11)).toEqual({ state: 'unknown' })
    }
    say(`${begun.length} kills: ${settled / 7_000n} were paid, ${stuck} hung for ever`)
    if (stuck === 0) loudly('the rule for a payment that hangs', 'no kill met the moment for it')
    await until('nothing is on its way', 10_000, () => isQuiet(bob))
    expect((await balanceOf(bob)) - before).toBe(settled)
  })
}
