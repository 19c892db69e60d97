import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { htmlPage } from '../../../../test/fakes/lnd-http.ts'
import type { FakeInvoice } from '../../../../test/fakes/lnd-node.ts'
import type { LndLies } from '../../../../test/fakes/lnd-routes.ts'
import { msat } from '../../base/money.ts'
import { paymentHash } from '../../protocol/ids.ts'
import type { Payer, PayLimits, Payment } from '../payer.ts'
import { faultOf, newPreimage, outcome } from '../specimen.conformance.ts'
import { openLndPayer } from './payer.ts'
import { lndScene, type Scene } from './scene.conformance.ts'

const LIMITS: PayLimits = { maxFee: msat(20_000n), timeoutMs: 30_000 }
const UNKNOWN: Payment = { state: 'unknown' }

let scene: Scene
let payer: Payer
beforeEach(async () => {
  scene = lndScene()
  payer = await openLndPayer(scene.fake.connection, scene.seams)
})
afterEach(() => scene.fake.stop())

const done = <T>(promise: Promise<T>): Promise<T> => outcome(scene.world, promise)
const theirs = (over: { expirySec?: number; hash?: string } = {}): FakeInvoice =>
  scene.outside.invoice({
    msat: 21_000n,
    descriptionHash: 'ab'.repeat(32),
    expirySec: 60,
    ...over,
  })
const status = (it: FakeInvoice): Promise<Payment | null> =>
  done(payer.payStatus(paymentHash(it.hash), it.bolt11))
const pay = (it: FakeInvoice, over: Partial<PayLimits> = {}): Promise<Payment> =>
  done(payer.pay(it.bolt11, { ...LIMITS, ...over }))
const bodyOfSend = () => {
  const at = scene.fake.asked.indexOf('POST /v2/router/send')
  return JSON.parse(scene.fake.bodies[at]!) as Record<string, unknown>
}
const says = (message: string, httpStatus = 500, code = 2) =>
  Response.json({ error: { code, message, details: [] } }, { status: httpStatus })

describe('a payment whose connection is cut in the middle', () => {
  test('is what lnd says when it is asked again', async () => {
    scene.fake.lies.cut = true
    const it = theirs()
    expect((await pay(it)).state).toBe('settled')
    expect(it.received).toBe(21_000n)
  })

  test('is unknown while nobody can be asked, and is not paid again by another try', async () => {
    scene.fake.lies.cut = true
    const { secret, hash } = newPreimage()
    const it = theirs({ hash })
    // lnd dies with the connection, as far as anybody sees.
    const begun = scene.fake.node.onPayment(() => {})
    const paying = payer.pay(it.bolt11, LIMITS)
    while (it.state === 'open') await Bun.sleep(1)
    scene.fake.feel('fails')
    expect(['unknown', 'inflight']).toContain((await done(paying)).state)
    expect(await status(it)).toEqual(UNKNOWN)
    scene.fake.feel('works')
    expect((await pay(it)).state).toBe('inflight')
    scene.outside.settle(it, secret)
    expect((await status(it))?.state).toBe('settled')
    expect(scene.fake.asked.filter((asked) => asked.endsWith('/send'))).toHaveLength(1)
    begun()
  })

  test('is not none because lnd has not heard of it yet', async () => {
    const it = theirs()
    scene.fake.instead((wanted) => (wanted.endsWith('/send') ? htmlPage(502) : null))
    expect(await pay(it)).toEqual(UNKNOWN)
    expect(await status(it)).toEqual(UNKNOWN)
    await scene.clock.advance(61_000)
    expect(await status(it)).toBeNull()
  })
})

describe('the word of lnd', () => {
  test('that a payment failed is final, whatever becomes of it', async () => {
    scene.fake.lies.failed = true
    const it = theirs()
    expect((await pay(it)).state).toBe('failed')
    expect((await status(it))?.state).toBe('failed')
  })

  for (const lie of ['zeros', 'another'] as const)
    test(`that a payment settled is believed, its preimage (${lie}) is not`, async () => {
      scene.fake.lies.preimage = lie
      const it = theirs()
      expect(await pay(it)).toMatchObject({ state: 'settled', preimage: null, fee: 1_021n })
      expect(await status(it)).toMatchObject({ state: 'settled', preimage: null })
    })

  test('of another payment is none', async () => {
    const other = theirs()
    await done(scene.fake.node.pay(other.bolt11, 10_000n))
    const result = { payment_hash: other.hash, status: 'FAILED' }
    scene.fake.instead((wanted) => (/send|track/.test(wanted) ? Response.json({ result }) : null))
    expect(await status(theirs())).toEqual(UNKNOWN)
  })

  test.each(['invoice is already paid', 'payment is in transition'])(
    '%s: never a failure, though it is nowhere else',
    async (message) => {
      const it = theirs()
      scene.fake.instead((wanted) => (wanted.endsWith('/send') ? says(message, 409, 6) : null))
      expect(await pay(it)).toEqual(UNKNOWN)
    },
  )

  test.each([
    'something that a later lnd says',
    'rpc error: code = Unavailable',
    'context canceled',
  ])('%s: unknown, since nobody knows when it is said', async (message) => {
    scene.fake.instead((wanted) => (wanted.endsWith('/send') ? says(message) : null))
    expect(await pay(theirs())).toEqual(UNKNOWN)
  })

  test('that it knows of no payment is believed of lnd alone', async () => {
    const notFound = { code: 5, message: 'Not Found', details: [] }
    scene.fake.instead(() => Response.json(notFound, { status: 404 }))
    expect(await status(theirs())).toEqual(UNKNOWN)
    scene.fake.instead(() => htmlPage(404))
    expect(await status(theirs())).toEqual(UNKNOWN)
    scene.fake.instead(null)
    expect(await status(theirs())).toBeNull()
  })

  test('that the macaroon may not pay is a Fault; that it may not track is one before anything is paid', async () => {
    const denied = () => says('permission denied')
    scene.fake.instead((wanted) => (wanted.endsWith('/send') ? denied() : null))
    const fault = await faultOf(scene.world, payer.pay(theirs().bolt11, LIMITS))
    expect(fault.code).toBe('wallet.credential')
    scene.fake.instead((wanted) => (wanted.includes('/track') ? denied() : null))
    expect((await faultOf(scene.world, payer.info())).code).toBe('wallet.credential')
  })
})

describe('lnd gets', () => {
  test('the limits of the payment, and a fee of nothing as such', async () => {
    const it = theirs()
    expect(await pay(it, { maxFee: msat(0n), maxCltv: 144, timeoutMs: 1_500 })).toEqual({
      state: 'failed',
      reason: 'no_route',
    })
    expect(bodyOfSend()).toMatchObject({
      fee_limit_msat: '0',
      cltv_limit: 144,
      timeout_seconds: 2,
      no_inflight_updates: true,
    })
  })

  test('no more time than the invoice has', async () => {
    await pay(theirs({ expirySec: 7 }))
    const { timeout_seconds: given } = bodyOfSend()
    expect([6, 7]).toContain(Number(given))
  })

  test('and says when the limit of blocks is too small', async () => {
    expect(await pay(theirs(), { maxCltv: 10 })).toEqual({ state: 'failed', reason: 'over_limit' })
  })
})

describe('a payment that hangs', () => {
  const hangs = async (lies: LndLies = {}, expirySec = 20): Promise<FakeInvoice> => {
    Object.assign(scene.fake.lies, { stuck: true, ...lies })
    const it = theirs({ expirySec })
    expect((await pay(it)).state).toBe('inflight')
    return it
  }
  const later = () => scene.clock.advance(31_000)

  test('for ever has failed: in flight, expired, all channels active, no HTLC', async () => {
    const it = await hangs()
    await later()
    expect(await status(it)).toEqual({ state: 'failed', reason: 'other' })
    expect(await pay(it)).toEqual({ state: 'failed', reason: 'other' })
  })

  test('is in flight as long as its invoice lives, and ten seconds more', async () => {
    const it = await hangs()
    await scene.clock.advance(28_000)
    expect(await status(it)).toEqual({ state: 'inflight' })
  })

  test.each(['inactive', 'none', 'closing'] as const)(
    'is in flight where a channel is %s',
    async (channel) => {
      const it = await hangs({ channel })
      await later()
      expect(await status(it)).toEqual({ state: 'inflight' })
    },
  )

  test('is in flight where a channel has its HTLC', async () => {
    const { hash } = newPreimage()
    const it = theirs({ hash, expirySec: 20 })
    expect((await pay(it, { timeoutMs: 100 })).state).toBe('inflight')
    await later()
    expect(await status(it)).toEqual({ state: 'inflight' })
  })

  test('is in flight where its invoice is none, or that of another one', async () => {
    const it = await hangs()
    const other = theirs({ expirySec: 1 })
    await later()
    for (const payment_request of [other.bolt11, '', undefined]) {
      const result = { payment_hash: it.hash, status: 'IN_FLIGHT', payment_request }
      scene.fake.instead((wanted) => (wanted.includes('/track') ? Response.json({ result }) : null))
      expect(await status(it)).toEqual({ state: 'inflight' })
    }
  })

  test.each([
    ['channels', /channels$/],
    ['what is closing', /channels\/pending$/],
  ] as const)('is unknown where %s may not be seen, or makes no sense', async (_, path) => {
    const it = await hangs()
    await later()
    scene.fake.instead((wanted) => (path.test(wanted) ? says('permission denied') : null))
    expect(await status(it)).toEqual(UNKNOWN)
    scene.fake.instead((wanted) => (path.test(wanted) ? htmlPage() : null))
    expect(await status(it)).toEqual(UNKNOWN)
    scene.fake.instead((wanted) => (path.test(wanted) ? Response.json({}) : null))
    expect(await status(it)).toEqual({ state: 'inflight' })
  })
})
