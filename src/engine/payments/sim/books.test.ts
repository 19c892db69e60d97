// Random deeds of three accounts against a model that is too simple to be wrong.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Msat, msat } from '../../base/money.ts'
import type { Payment } from '../payer.ts'
import { newPreimage, newTerms } from '../specimen.conformance.ts'
import { openSimPayer } from './payer.ts'
import { type Scene, newScene } from './scene.conformance.ts'
import { HELD, MINT, ROUTING, SUPPLY } from './schema.ts'
import { openSimWallet } from './wallet.ts'

const NAMES = ['anna', 'bert', 'carla'] as const
const FEE = { base: msat(7n), ppm: 10_000n }
const feeOf = (amount: bigint): bigint => 7n + (amount * 10_000n) / 1_000_000n

const who = fc.constantFrom(...NAMES)
const nth = fc.nat(7)
const deed = fc.oneof(
  fc.record({ do: fc.constant('give' as const), who, amount: fc.bigInt(0n, 60_000n) }),
  fc.record({
    do: fc.constant('ask' as const),
    who,
    amount: fc.bigInt(999n, 40_000n),
    sec: fc.integer({ min: 1, max: 20 }),
    hold: fc.boolean(),
  }),
  fc.record({ do: fc.constant('pay' as const), who, nth, maxFee: fc.bigInt(0n, 500n) }),
  fc.record({ do: fc.constant('settle' as const), who, nth }),
  fc.record({ do: fc.constant('cancel' as const), who, nth }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 9_000 }) }),
)
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never

type Modelled = {
  bolt11: string
  hash: ReturnType<typeof newPreimage>['hash']
  secret: ReturnType<typeof newPreimage>['secret'] | null
  payee: string
  amount: bigint
  expires: number
  state: 'open' | 'accepted' | 'settled' | 'canceled'
  payer: string | null
}

test('the books are right after whatever deeds, and so is every answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 10, maxLength: 60 }), async (deeds) => {
      const scene = await newScene('memory')
      try {
        const run = await newRun(scene)
        for (const it of deeds) {
          await run.perform(it)
          run.check()
        }
        await run.close()
      } finally {
        await scene.stop()
      }
    }),
    { numRuns: 150 },
  )
}, 60_000)

const newRun = async (scene: Scene) => {
  const { path, clock } = scene
  const invoices: Modelled[] = []
  const has = new Map<string, bigint>([...NAMES, HELD, ROUTING].map((name) => [name, 0n]))
  const move = (from: string, to: string, amount: bigint) => {
    has.set(from, has.get(from)! - amount)
    has.set(to, has.get(to)! + amount)
  }
  const open = async (account: string) => ({
    wallet: await openSimWallet({ path, account }, scene.here),
    payer: await openSimPayer({ path, account, fee: FEE }, scene.here),
  })
  const parties = new Map<string, Awaited<ReturnType<typeof open>>>()
  for (const name of NAMES) parties.set(name, await open(name))
  const party = (name: string) => parties.get(name)!

  /** What must become of a payment; the model follows. */
  const expected = (payer: string, it: Modelled, maxFee: bigint): string => {
    const fee = feeOf(it.amount)
    if (it.payer === payer)
      return { accepted: 'inflight', settled: 'settled', canceled: 'rejected', open: '' }[it.state]
    if (clock.now() >= it.expires) return 'expired'
    if (it.payee === payer || it.state !== 'open') return 'rejected'
    if (it.amount < 1_000n) return 'no_route'
    if (fee > maxFee) return 'over_fee'
    if (has.get(payer)! < it.amount + fee) return 'no_balance'
    move(payer, it.secret ? HELD : it.payee, it.amount)
    move(payer, it.secret ? HELD : ROUTING, fee)
    it.payer = payer
    it.state = it.secret ? 'accepted' : 'settled'
    return it.secret ? 'inflight' : 'settled'
  }

  const perform = async (it: Deed): Promise<void> => {
    if (it.do === 'wait') return clock.advance(it.ms)
    if (it.do === 'give') {
      has.set(it.who, has.get(it.who)! + it.amount)
      expect(await scene.give(it.who, msat(it.amount))).toBe(msat(has.get(it.who)!))
      return
    }
    if (it.do === 'ask') {
      const { secret, hash } = newPreimage()
      const wish = { msat: msat(it.amount), terms: newTerms(1), expirySec: it.sec }
      const issued = await party(it.who).wallet.createInvoice({
        ...wish,
        ...(it.hold && { hold: hash }),
      })
      invoices.push({
        bolt11: issued.bolt11,
        hash: issued.paymentHash,
        secret: it.hold ? secret : null,
        payee: it.who,
        amount: it.amount,
        expires: (Math.floor(clock.now() / 1_000) + it.sec) * 1_000,
        state: 'open',
        payer: null,
      })
      return
    }
    const invoice = invoices.at(-1 - it.nth)
    if (!invoice) return
    if (it.do === 'pay') {
      const { payer } = party(it.who)
      const wanted = expected(it.who, invoice, it.maxFee)
      const paying = payer.pay(invoice.bolt11, { maxFee: msat(it.maxFee), timeoutMs: 1 })
      await clock.advance(1)
      const payment = await paying
      expect(payment.state === 'failed' ? payment.reason : payment.state).toBe(wanted as 'settled')
      checkPreimage(payment, invoice)
      return
    }
    // Of others' invoices a wallet knows nothing; those that are not held anybody's preimage is unknown of.
    const { hold } = party(it.who).wallet
    const mine = invoice.payee === it.who
    const fee = feeOf(invoice.amount)
    if (it.do === 'settle') {
      if (!invoice.secret) return
      const right = mine && (invoice.state === 'accepted' || invoice.state === 'settled')
      expect(await works(hold!.settle(invoice.secret))).toBe(right)
      if (!right || invoice.state === 'settled') return
      move(HELD, invoice.payee, invoice.amount)
      move(HELD, ROUTING, fee)
      invoice.state = 'settled'
      return
    }
    const right = mine && invoice.state !== 'settled'
    expect(await works(hold!.cancel(invoice.hash))).toBe(right)
    if (!right) return
    if (invoice.state === 'accepted') move(HELD, invoice.payer!, invoice.amount + fee)
    invoice.state = 'canceled'
  }

  const rows = <Row>(sql: string): Row[] => scene.ledger.sql<Row, []>(sql).all()
  const check = (): void => {
    const accounts = new Map(
      rows<{ name: string; msat: Msat }>('SELECT * FROM accounts').map((it) => [it.name, it.msat]),
    )
    expect([...accounts.values()].reduce((sum, it) => sum + it, 0n)).toBe(SUPPLY)
    for (const [name, amount] of has) expect(accounts.get(name) ?? msat(0n)).toBe(msat(amount))
    // And each balance is what its moves come to.
    const sums = new Map<string, bigint>([[MINT, SUPPLY]])
    for (const it of rows<{ giver: string; taker: string; msat: bigint }>('SELECT * FROM moves')) {
      sums.set(it.giver, (sums.get(it.giver) ?? 0n) - it.msat)
      sums.set(it.taker, (sums.get(it.taker) ?? 0n) + it.msat)
    }
    for (const [name, amount] of accounts) expect(sums.get(name) ?? 0n).toBe(amount)
  }

  const close = async (): Promise<void> => {
    for (const it of invoices) {
      const { state } = await party(it.payee).wallet.lookup(it.hash)
      const gone = it.state === 'open' && clock.now() >= it.expires
      expect(state).toBe(gone ? 'canceled' : it.state)
      for (const name of NAMES) {
        const status = await party(name).payer.payStatus(it.hash, it.bolt11)
        expect(status === null).toBe(it.payer !== name)
        if (status) checkPreimage(status, it)
      }
    }
    for (const { wallet, payer } of parties.values()) {
      await wallet.close()
      await payer.close()
    }
  }
  return { perform, check, close }
}

const checkPreimage = (payment: Payment, invoice: Modelled): void => {
  expect('preimage' in payment && payment.preimage !== null).toBe(payment.state === 'settled')
  if (payment.state !== 'settled') return
  if (invoice.secret) expect(payment.preimage).toBe(invoice.secret)
  expect(payment.fee).toBe(msat(feeOf(invoice.amount)))
}

const works = (promise: Promise<void>): Promise<boolean> =>
  promise.then(
    () => true,
    () => false,
  )
