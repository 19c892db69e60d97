// What goes wrong between the adapter and a real payment: relays and wallet services that lie, lose, repeat, delay.
// The money is counted at both ends each time.
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { msat, type Msat } from '../../src/engine/base/money.ts'
import { openNwcPayer } from '../../src/engine/payments/nwc/payer.ts'
import type { Payment } from '../../src/engine/payments/payer.ts'
import { newTerms, sats } from '../../src/engine/payments/specimen.conformance.ts'
import { WALLET_EVENT_KINDS as KINDS } from '../../src/engine/protocol/kinds.ts'
import { openNwcService, PAY, RECEIVE } from './nwc-service.ts'
import { nwcPayerSpecimen, nwcSeams, nwcWalletSpecimen } from './nwc-specimens.ts'
import { openNwcStage } from './nwc-stage.ts'

const stage = await openNwcStage()
const { afterAllPatience, clock, closing, lightning, relays, until, urls } = stage
afterEach(stage.reset)
afterAll(stage.close)

const LIMITS = { maxFee: sats(20), timeoutMs: 5_000 }
const AMOUNT = sats(21)
const WITH_FEE = 22_000n

type PayerScene = Awaited<ReturnType<typeof nwcPayerSpecimen>>
let it: PayerScene
let before: bigint
const openPayerScene = async (budget?: Msat) => {
  it = await nwcPayerSpecimen(lightning, clock, urls, budget)
  closing.push(
    () => it.stop?.(),
    () => it.payer.close(),
  )
  before = await it.balance()
}

const spent = async (): Promise<bigint> => before - (await it.balance())
const expectUnfailed = (payment: Payment | null) =>
  expect(['inflight', 'unknown', 'settled']).toContain(payment?.state ?? 'none')

describe('a payment that settles in the end', () => {
  beforeEach(() => openPayerScene())

  const pay = async (hold = false) => {
    const invoice = await it.invoiceFromOutside({ msat: AMOUNT, expirySec: 120, hold })
    const payment = await afterAllPatience(it.payer.pay(invoice.bolt11, LIMITS))
    const status = () => afterAllPatience(it.payer.payStatus(invoice.paymentHash, invoice.bolt11))
    // Its payee can take it once it has come all the way.
    const settle = () =>
      until(() =>
        invoice.settle!().then(
          () => true,
          () => false,
        ),
      )
    return { invoice, payment, status, settle }
  }
  const settles = async ({ invoice, status }: Awaited<ReturnType<typeof pay>>) => {
    await until(async () => (await status())?.state === 'settled')
    await until(async () => (await invoice.received()) === AMOUNT)
    expect(await spent()).toBe(WITH_FEE)
    // And the same once more moves nothing.
    expect((await it.payer.pay(invoice.bolt11, LIMITS)).state).toBe('settled')
    expect(await spent()).toBe(WITH_FEE)
  }

  test.each([
    'INTERNAL',
    'OTHER',
    'PAYMENT_FAILED',
    'QUOTA_EXCEEDED',
    'RATE_LIMITED',
    'INSUFFICIENT_BALANCE',
    'NEW_WORD',
    '',
  ])('has not failed because the wallet said %p meanwhile', async (code) => {
    it.service.mischief.payError = code
    const paid = await pay(true)
    expectUnfailed(paid.payment)
    expect(paid.payment.state).not.toBe('settled')
    await paid.settle()
    await settles(paid)
  })

  test('has not failed because the answer came late, or never', async () => {
    it.service.mischief.lateMs = (method) => (method === 'pay_invoice' ? 8_000 : 0)
    const late = await pay()
    expectUnfailed(late.payment)
    it.service.mischief.lateMs = () => 0
    await settles(late)
  })

  test('has not failed because relays lost the answer', async () => {
    for (const relay of relays)
      relay.mischief.loses = ({ kind, id }) =>
        kind === KINDS.response && it.service.requests.at(-1)?.method === 'pay_invoice' && id !== ''
    const paid = await pay()
    expectUnfailed(paid.payment)
    for (const relay of relays) relay.mischief.loses = () => false
    await settles(paid)
  })

  test('has not failed because relays said that they do not take it, and took it', async () => {
    for (const relay of relays) {
      let requests = 0
      relay.mischief.passesRefused = true
      // The first one asks whether the payment is known.
      relay.onPublished(({ kind }) => {
        if (kind === KINDS.request && ++requests === 2) relay.mischief.refuses = 'blocked: no'
      })
    }
    const paid = await pay()
    expectUnfailed(paid.payment)
    for (const relay of relays) {
      relay.onPublished(() => {})
      relay.mischief.refuses = null
    }
    await settles(paid)
  })

  test('has not failed because a wallet took two copies for two requests, and its budget for used up', async () => {
    await openPayerScene(msat(40_000n))
    it.service.mischief.forgetsIds = true
    const paid = await pay()
    expectUnfailed(paid.payment)
    const requests = it.service.requests.filter(({ method }) => method === 'pay_invoice')
    expect(requests).toHaveLength(2)
    await settles(paid)
  })

  test.each(['zeros', 'none', 'wrong'] as const)(
    'is settled with %p for a preimage, and shows none',
    async (preimage) => {
      it.service.mischief.preimage = preimage
      const paid = await pay()
      expect(paid.payment).toMatchObject({ state: 'settled', preimage: null })
      await settles(paid)
    },
  )

  test.each([{ fees_paid: 0 }, { preimage: '00'.repeat(32) }])(
    'is on its way where the wallet says %j too early',
    async (result) => {
      it.service.mischief.payResult = result
      const paid = await pay(true)
      expect(paid.payment.state).toBe('inflight')
      await paid.settle()
      await settles(paid)
    },
  )

  test('is told once, however often the answer comes', async () => {
    it.service.mischief.copies = 3
    for (const relay of relays) relay.mischief.copies = 2
    const paid = await pay()
    expect(paid.payment).toMatchObject({ state: 'settled', fee: msat(1_000n) })
    await settles(paid)
  })
})

describe('a payment that does not', () => {
  beforeEach(() => openPayerScene())

  test('has failed where there is no way, and another invoice is paid', async () => {
    const far = await it.unreachable!({ msat: AMOUNT, expirySec: 60 })
    expect(await it.payer.pay(far.bolt11, LIMITS)).toEqual({ state: 'failed', reason: 'other' })
    expect(await it.payer.payStatus(far.paymentHash, far.bolt11)).toMatchObject({ state: 'failed' })
    const near = await it.invoiceFromOutside({ msat: AMOUNT, expirySec: 60 })
    expect((await it.payer.pay(near.bolt11, LIMITS)).state).toBe('settled')
    expect(await spent()).toBe(WITH_FEE)
  })

  test('is unknown while a relay may hold the request back, and the wallet ignores it after its time', async () => {
    for (const relay of relays) relay.mischief.loses = ({ kind, content }) => lost(kind, content)
    const held: string[] = []
    const lost = (kind: number, content: string): boolean => {
      if (kind !== KINDS.request || it.service.requests.length < known) return false
      held.push(content)
      return true
    }
    const invoice = await it.invoiceFromOutside({ msat: AMOUNT, expirySec: 120 })
    // Two questions go through: who the wallet is was asked before, whether it knows the payment is asked first.
    const known = it.service.requests.length + 1
    const status = () => it.payer.payStatus(invoice.paymentHash, invoice.bolt11)
    expect((await afterAllPatience(it.payer.pay(invoice.bolt11, LIMITS))).state).toBe('unknown')
    const requests = relays[0]!.published.filter(({ kind }) => kind === KINDS.request)
    const request = requests.findLast(({ content }) => held.includes(content))
    for (const relay of relays) relay.mischief.loses = () => false
    expect(await afterAllPatience(status())).toEqual({ state: 'unknown' })
    clock.shift(70_000)
    expect(await afterAllPatience(status())).toEqual({ state: 'unknown' })
    clock.shift(60_000)
    for (const relay of relays) {
      relay.pass(request!)
      for (const other of requests) if (held.includes(other.content)) relay.pass(other)
    }
    await Bun.sleep(20)
    expect(await afterAllPatience(status())).toBeNull()
    expect(it.service.requests.filter(({ method }) => method === 'pay_invoice')).toEqual([])
    expect(await spent()).toBe(0n)
  })

  test('is over a budget that the wallet keeps', async () => {
    const { wallet } = await nwcWalletSpecimen(lightning, clock, urls).then((specimen) => {
      closing.push(
        () => specimen.stop?.(),
        () => specimen.wallet.close(),
      )
      return specimen
    })
    const { bolt11 } = await wallet.createInvoice({
      msat: AMOUNT,
      terms: newTerms(1),
      expirySec: 60,
    })
    const service = await openNwcService({
      ...(await behind()),
      methods: PAY,
      budget: msat(20_000n),
    })
    closing.push(service.close)
    const payer = await openNwcPayer({ kind: 'nwc', uri: service.uri }, await nwcSeams(clock))
    closing.push(() => payer.close())
    expect(await payer.pay(bolt11, LIMITS)).toEqual({ state: 'failed', reason: 'over_limit' })
  })

  test('is refused to a connection that only receives', async () => {
    const service = await openNwcService({ ...(await behind()), methods: RECEIVE })
    closing.push(service.close)
    const payer = await openNwcPayer({ kind: 'nwc', uri: service.uri }, await nwcSeams(clock))
    closing.push(() => payer.close())
    expect((await payer.info()).caps.spend).toBe(false)
    const { bolt11 } = await it.invoiceFromOutside({ msat: AMOUNT, expirySec: 60 })
    const fault = await payer.pay(bolt11, LIMITS).then(String, (thrown: Error) => thrown)
    expect(fault).toMatchObject({ kind: 'config', code: 'wallet.credential' })
    expect(await spent()).toBe(0n)
  })
})

/** What a second service of bob's stands before. */
const behind = async () => {
  const { ldkWallet } = await import('./ldk-wallet.ts')
  const { ldkPayer } = await import('./ldk-payer.ts')
  const [wallet, payer] = [
    ldkWallet(lightning, lightning.bob, clock),
    ldkPayer(lightning.bob, clock),
  ]
  closing.push(
    () => wallet.close(),
    () => payer.close(),
  )
  return { wallet, payer, clock, relays: urls }
}
