import { afterEach, describe, expect, test } from 'bun:test'
import { ADMIN, INVOICE, fakeLnbits } from '../../../../test/fakes/lnbits.ts'
import { openScene, outsideInvoice, worldOf } from '../http-scene.conformance.ts'
import { faultOf, sats } from '../specimen.conformance.ts'
import { openLnbitsPayer } from './payer.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const LIMITS = { maxFee: sats(20), timeoutMs: 8_000 }
const UNKNOWN = { state: 'unknown' } as const
/** What 21 sat cost: the fake node's fee is 1 sat and 1 in 1,000. */
const COST = 21_000n + 1_021n

const start = async (key = ADMIN) => {
  const scene = await openScene()
  const lnbits = fakeLnbits(scene.ours, scene)
  const connection = { kind: 'lnbits', url: lnbits.url, key } as const
  const open = () => openLnbitsPayer(connection, scene.seams)
  ends.push(() => lnbits.stop())
  const invoice = (sat = 21, hold = false) =>
    outsideInvoice(scene.outside, { msat: sats(sat), expirySec: 600, hold })
  const had = scene.ours.balance
  const spent = () => had - scene.ours.balance
  return { scene, lnbits, open, payer: await open(), world: worldOf(scene, [key]), invoice, spent }
}

describe('a payment by lnbits', () => {
  test('says its fee and a preimage', async () => {
    const { payer, invoice, spent } = await start()
    const it = invoice()
    const payment = await payer.pay(it.bolt11, LIMITS)
    expect(payment).toMatchObject({ state: 'settled', fee: 1_021n, preimage: expect.any(String) })
    expect(spent()).toBe(COST)
  })

  test('with zeros for a preimage is settled without one', async () => {
    const { payer, lnbits, invoice } = await start()
    lnbits.misbehave('zero preimage')
    const it = invoice()
    expect(await payer.pay(it.bolt11, LIMITS)).toMatchObject({ state: 'settled', preimage: null })
    const status = await payer.payStatus(it.paymentHash, it.bolt11)
    expect(status).toMatchObject({ state: 'settled', preimage: null })
  })

  test.each(['cut', 'pays and complains'] as const)(
    'whose answer is "%s" is settled by its record, and not made again',
    async (how) => {
      const { payer, open, lnbits, invoice, spent } = await start()
      const it = invoice()
      lnbits.misbehave(how, 'POST')
      expect((await payer.pay(it.bolt11, LIMITS)).state).toBe('settled')
      lnbits.misbehave(null)
      expect((await (await open()).pay(it.bolt11, LIMITS)).state).toBe('settled')
      expect(spent()).toBe(COST)
    },
  )

  test('that never arrived is unknown for a minute, then nothing, and can be made', async () => {
    const { payer, lnbits, invoice, scene, spent } = await start()
    const it = invoice()
    lnbits.misbehave('deaf', 'POST')
    expect(await payer.pay(it.bolt11, LIMITS)).toEqual(UNKNOWN)
    lnbits.misbehave(null)
    expect(await payer.pay(it.bolt11, LIMITS)).toEqual(UNKNOWN)
    await scene.pass(60_001)
    expect(await payer.payStatus(it.paymentHash, it.bolt11)).toBeNull()
    expect((await payer.pay(it.bolt11, LIMITS)).state).toBe('settled')
    expect(spent()).toBe(COST)
  })

  test('of which it says a page is unknown', async () => {
    const { payer, lnbits, invoice } = await start()
    lnbits.misbehave('page', 'POST')
    expect(await payer.pay(invoice().bolt11, LIMITS)).toEqual(UNKNOWN)
  })

  test('is not begun where its record or its fee is not to be had', async () => {
    const { payer, lnbits, invoice, world, spent } = await start()
    for (const how of ['page', 'error', 'gossip', 'cut'] as const)
      for (const path of ['/api/v1/payments/', '/fee-reserve']) {
        lnbits.misbehave(how, path)
        await faultOf(world, payer.pay(invoice().bolt11, LIMITS))
      }
    expect(spent()).toBe(0n)
  })

  test('that another program has under way is not failed', async () => {
    const { payer, open, invoice } = await start()
    const it = invoice(21, true)
    expect((await (await open()).pay(it.bolt11, LIMITS)).state).toBe('inflight')
    expect((await payer.pay(it.bolt11, LIMITS)).state).toBe('inflight')
    await it.settle!()
    expect((await payer.payStatus(it.paymentHash, it.bolt11))?.state).toBe('settled')
  })

  test.each([
    ['more than it has', 2_000_000, 90_000, 'no_balance'],
    ['a fee over the limit', 21, 1, 'over_fee'],
  ] as const)('fails for certain: %s', async (_what, sat, maxFee, reason) => {
    const { payer, invoice, spent } = await start()
    const limits = { ...LIMITS, maxFee: sats(maxFee) }
    expect(await payer.pay(invoice(sat).bolt11, limits)).toEqual({ state: 'failed', reason })
    expect(spent()).toBe(0n)
  })

  test('an invoice of its own that somebody else paid is no payment of its', async () => {
    const { payer, scene } = await start()
    const it = outsideInvoice(scene.ours, { msat: sats(5), expirySec: 60 })
    await scene.outside.pay(it.bolt11, 10n ** 9n)
    expect(await payer.payStatus(it.paymentHash, it.bolt11)).toBeNull()
  })

  test.each([INVOICE, 'canary0wrong0key'])(
    'needs the admin key: %s is refused, with nothing sent',
    async (key) => {
      const { payer, invoice, world, spent } = await start(key)
      const fault = await faultOf(world, payer.pay(invoice().bolt11, LIMITS))
      expect(fault.code).toBe('wallet.credential')
      expect(spent()).toBe(0n)
    },
  )
})
