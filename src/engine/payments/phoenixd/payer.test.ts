import { afterEach, describe, expect, test } from 'bun:test'
import { FULL, LIMITED, fakePhoenixd } from '../../../../test/fakes/phoenixd.ts'
import { openScene, outsideInvoice, worldOf } from '../http-scene.conformance.ts'
import { faultOf, sats } from '../specimen.conformance.ts'
import { openPhoenixdPayer } from './payer.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const LIMITS = { maxFee: sats(20), timeoutMs: 8_000 }
const UNKNOWN = { state: 'unknown' } as const
/** What 21 sat cost with phoenixd: 4 sat and 0.4 %. */
const COST = 21_000n + 4_084n

const start = async (password = FULL) => {
  const scene = await openScene()
  const phoenixd = fakePhoenixd(scene.ours, scene)
  const connection = { kind: 'phoenixd', url: phoenixd.url, password } as const
  const open = async () => {
    const payer = await openPhoenixdPayer(connection, scene.seams)
    ends.push(() => payer.close())
    return payer
  }
  ends.push(() => phoenixd.stop())
  const world = worldOf(scene, [password, btoa(`:${password}`)])
  const invoice = (sat = 21, hold = false) =>
    outsideInvoice(scene.outside, { msat: sats(sat), expirySec: 600, hold })
  const sent = () => phoenixd.asked.filter((it) => it === '/payinvoice').length
  const had = scene.ours.balance
  const spent = () => had - scene.ours.balance
  return { scene, phoenixd, open, payer: await open(), world, invoice, sent, spent }
}

describe('a payment by phoenixd', () => {
  test('says its fee and a preimage that is one', async () => {
    const { payer, invoice, spent } = await start()
    const it = invoice()
    expect(await payer.pay(it.bolt11, LIMITS)).toMatchObject({ state: 'settled', fee: sats(4) })
    expect(await payer.payStatus(it.paymentHash, it.bolt11)).toMatchObject({ fee: 4_084n })
    expect(spent()).toBe(COST)
  })

  test('whose answer was cut off is settled by its record, and not sent again by anybody', async () => {
    const { phoenixd, payer, open, invoice, sent, spent } = await start()
    const it = invoice()
    phoenixd.misbehave('cut', '/payinvoice')
    expect((await payer.pay(it.bolt11, LIMITS)).state).toBe('settled')
    expect((await (await open()).pay(it.bolt11, LIMITS)).state).toBe('settled')
    expect(sent()).toBe(1)
    expect(spent()).toBe(COST)
  })

  test('whose answer and record are both cut off is unknown until the record is back', async () => {
    const { phoenixd, payer, invoice, sent, spent, scene } = await start()
    const it = invoice()
    // The record is asked for before the payment, too: that answer is let through.
    const release = phoenixd.hold()
    const paying = payer.pay(it.bolt11, LIMITS)
    phoenixd.whenAsked('/payinvoice', () => phoenixd.misbehave('cut'))
    release()
    expect(await paying).toEqual(UNKNOWN)
    expect(spent()).toBe(COST)
    expect(await payer.payStatus(it.paymentHash, it.bolt11)).toEqual(UNKNOWN)
    phoenixd.misbehave(null)
    await scene.pass(61_000)
    expect((await payer.payStatus(it.paymentHash, it.bolt11))?.state).toBe('settled')
    expect(sent()).toBe(1)
  })

  test('that never arrived is unknown for a minute, then nothing, and can be made', async () => {
    const { phoenixd, payer, invoice, scene, spent } = await start()
    const it = invoice()
    phoenixd.misbehave('deaf', '/payinvoice')
    expect(await payer.pay(it.bolt11, LIMITS)).toEqual(UNKNOWN)
    phoenixd.misbehave(null)
    expect(await payer.pay(it.bolt11, LIMITS)).toEqual(UNKNOWN)
    await scene.pass(60_001)
    expect(await payer.payStatus(it.paymentHash, it.bolt11)).toBeNull()
    expect((await payer.pay(it.bolt11, LIMITS)).state).toBe('settled')
    expect(spent()).toBe(COST)
  })

  test.each(['page', 'error', 'gossip'] as const)(
    'of which it says "%s" is unknown',
    async (how) => {
      const { phoenixd, payer, invoice } = await start()
      phoenixd.misbehave(how, '/payinvoice')
      expect(await payer.pay(invoice().bolt11, LIMITS)).toEqual(UNKNOWN)
    },
  )

  test('is not begun where its record is not to be had', async () => {
    const { phoenixd, payer, invoice, sent, world } = await start()
    for (const how of ['page', 'error', 'gossip', 'cut', 'other payment'] as const) {
      const it = invoice()
      if (how === 'other payment') await payer.pay(it.bolt11, LIMITS)
      const before = sent()
      phoenixd.misbehave(how, '/payments/')
      await faultOf(world, payer.pay(it.bolt11, LIMITS))
      expect(sent()).toBe(before)
      phoenixd.misbehave(null)
    }
  })

  test('with zeros for a preimage proves nothing: unknown', async () => {
    const { phoenixd, payer, invoice } = await start()
    const it = invoice()
    phoenixd.misbehave('zero preimage')
    expect(await payer.pay(it.bolt11, LIMITS)).toEqual(UNKNOWN)
    expect(await payer.payStatus(it.paymentHash, it.bolt11)).toEqual(UNKNOWN)
    phoenixd.misbehave(null)
    expect((await payer.payStatus(it.paymentHash, it.bolt11))?.state).toBe('settled')
  })

  test('that an early version calls paid, since it ended, is unknown', async () => {
    const { phoenixd, payer, scene } = await start()
    const it = outsideInvoice(scene.nobody, { msat: sats(21), expirySec: 600 })
    expect(await payer.pay(it.bolt11, LIMITS)).toEqual({ state: 'failed', reason: 'no_route' })
    phoenixd.misbehave('early')
    expect(await payer.payStatus(it.paymentHash, it.bolt11)).toEqual(UNKNOWN)
  })

  test('that another program has under way is not failed', async () => {
    const { payer, open, invoice, scene } = await start()
    const it = invoice(21, true)
    const other = (await open()).pay(it.bolt11, LIMITS)
    while (!scene.ours.payments.has(it.paymentHash)) await Bun.sleep(1)
    expect((await payer.pay(it.bolt11, LIMITS)).state).toBe('inflight')
    await it.settle!()
    expect((await other).state).toBe('settled')
  })

  test.each([
    ['more than it has', 2_000_000, 9_000, 'no_balance'],
    ['a fee over the limit', 21, 4, 'over_fee'],
  ] as const)('fails for certain: %s', async (_what, sat, maxFee, reason) => {
    const { payer, invoice, spent } = await start()
    const it = invoice(sat)
    const limits = { ...LIMITS, maxFee: sats(maxFee) }
    expect(await payer.pay(it.bolt11, limits)).toEqual({ state: 'failed', reason })
    expect(spent()).toBe(0n)
  })

  test('over the limit for fees is not even sent', async () => {
    const { payer, invoice, sent } = await start()
    await payer.pay(invoice().bolt11, { ...LIMITS, maxFee: sats(4) })
    expect(sent()).toBe(0)
  })

  test.each([LIMITED, 'canary-wrong-password'])(
    'needs the full password: %s is refused, with nothing sent',
    async (password) => {
      const { payer, invoice, world, spent } = await start(password)
      const fault = await faultOf(world, payer.pay(invoice().bolt11, LIMITS))
      expect(fault.code).toBe('wallet.credential')
      expect(spent()).toBe(0n)
    },
  )
})
