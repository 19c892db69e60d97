import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { htmlPage } from '../../../../test/fakes/lnd-http.ts'
import type { FakeInvoice } from '../../../../test/fakes/lnd-node.ts'
import { msat } from '../../base/money.ts'
import { paymentHash } from '../../protocol/ids.ts'
import type { Payer, PayLimits, Payment } from '../payer.ts'
import { faultOf, newPreimage, outcome } from '../specimen.conformance.ts'
import { openClnPayer } from './payer.ts'
import { clnScene, type Scene } from './scene.conformance.ts'

const LIMITS: PayLimits = { maxFee: msat(20_000n), timeoutMs: 30_000 }
const UNKNOWN: Payment = { state: 'unknown' }

let scene: Scene
let payer: Payer
beforeEach(async () => {
  scene = clnScene()
  payer = await openClnPayer(scene.fake.connection, scene.seams)
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
const status = (it: FakeInvoice, of: Payer = payer): Promise<Payment | null> =>
  done(of.payStatus(paymentHash(it.hash), it.bolt11))
const pay = (it: FakeInvoice, over: Partial<PayLimits> = {}): Promise<Payment> =>
  done(payer.pay(it.bolt11, { ...LIMITS, ...over }))
const failing = (code: number | null, http = 500) =>
  Response.json({ code, message: 'it fails', data: null }, { status: http })
const onlyFor = (method: string, answer: () => Response) =>
  scene.fake.instead((it) => (it === method ? answer() : null))
const paid = () => scene.fake.asked.filter((it) => it === 'xpay').length

describe('a payment whose connection is cut in the middle', () => {
  test('is what the node says when it is asked again', async () => {
    scene.fake.lies.cut = true
    const it = theirs()
    expect(await pay(it)).toMatchObject({ state: 'settled', fee: 1_021n })
    expect(paid()).toBe(1)
  })

  test('is not paid again by another try, nor by another process', async () => {
    scene.fake.lies.cut = true
    const { secret, hash } = newPreimage()
    const it = theirs({ hash })
    expect((await pay(it)).state).toBe('inflight')
    const other = await openClnPayer(scene.fake.connection, scene.seams)
    expect((await done(other.pay(it.bolt11, LIMITS))).state).toBe('inflight')
    scene.outside.settle(it, secret)
    expect((await status(it, other))?.state).toBe('settled')
    expect(paid()).toBe(1)
  })

  test('has not failed with a part that did: xpay may try another one for a minute', async () => {
    scene.fake.lies.failing = true
    const { hash } = newPreimage()
    const it = theirs({ hash, expirySec: 600 })
    expect(await pay(it)).toEqual(UNKNOWN)
    expect(await status(it)).toEqual(UNKNOWN)
    const other = await openClnPayer(scene.fake.connection, scene.seams)
    expect(await status(it, other)).toEqual(UNKNOWN)
    expect(await done(other.pay(it.bolt11, LIMITS))).toEqual(UNKNOWN)
    expect(paid()).toBe(1)
    await scene.clock.advance(62_000)
    expect((await status(it))?.state).toBe('failed')
  })

  test('is not none because the node has not begun with it', async () => {
    onlyFor('xpay', () => htmlPage(502))
    const it = theirs({ expirySec: 600 })
    expect(await pay(it)).toEqual(UNKNOWN)
    expect(await status(it)).toEqual(UNKNOWN)
    await scene.clock.advance(61_000)
    expect(await status(it)).toBeNull()
  })
})

describe('the word of the node', () => {
  for (const lie of ['zeros', 'another'] as const)
    test(`that a payment settled is believed, its preimage (${lie}) is not`, async () => {
      scene.fake.lies.preimage = lie
      expect(await pay(theirs())).toMatchObject({ state: 'settled', preimage: null })
    })

  test('that it settled is asked once more where the preimage is another', async () => {
    const { hash } = newPreimage()
    const it = theirs({ hash })
    void scene.fake.node.pay(it.bolt11, 20_000n)
    let asked = 0
    const said = { payment_preimage: '00'.repeat(32), amount_msat: 1, amount_sent_msat: 1 }
    scene.fake.instead((method) => {
      if (method === 'listpays' && asked++ === 0)
        return Response.json({ pays: [] }, { status: 201 })
      return method === 'xpay' ? Response.json(said, { status: 201 }) : null
    })
    expect(await pay(it)).toEqual({ state: 'inflight' })
  })

  test('that the way to xpay broke is no end of it', async () => {
    const it = theirs()
    let asked = 0
    const failed = { payment_hash: it.hash, status: 'failed', created_at: it.created }
    scene.fake.instead((method) => {
      if (method === 'listpays')
        return Response.json({ pays: asked++ === 0 ? [] : [failed] }, { status: 201 })
      return method === 'xpay' ? failing(null) : null
    })
    expect(await pay(it)).toEqual(UNKNOWN)
    expect(await status(it)).toEqual(UNKNOWN)
  })

  test.each([
    [203, 'rejected'],
    [205, 'no_route'],
    [206, 'over_fee'],
    [207, 'expired'],
    [209, 'other'],
    [210, 'no_route'],
    [-32602, 'rejected'],
  ] as const)(
    '%d is a failure for certain (%s), where nothing is on record',
    async (code, reason) => {
      onlyFor('xpay', () => failing(code))
      const it = theirs()
      expect(await pay(it)).toEqual({ state: 'failed', reason })
      expect(await status(it)).toBeNull()
    },
  )

  test('that xpay failed is none for a part that is on its way', async () => {
    const { secret, hash } = newPreimage()
    const it = theirs({ hash })
    void scene.fake.node.pay(it.bolt11, 20_000n)
    let asked = 0
    scene.fake.instead((method) => {
      if (method === 'listpays' && asked++ === 0)
        return Response.json({ pays: [] }, { status: 201 })
      return method === 'xpay' ? failing(203) : null
    })
    expect((await pay(it)).state).toBe('inflight')
    scene.outside.settle(it, secret)
    expect((await status(it))?.state).toBe('settled')
  })

  test.each([219, -1, -32603, null])(
    '%p is no failure: nobody knows when it is said',
    async (code) => {
      onlyFor('xpay', () => failing(code))
      expect(await pay(theirs())).toEqual(UNKNOWN)
    },
  )

  test('of payments that nobody asked for, or in another shape, is none', async () => {
    const one = { payment_hash: 'ab'.repeat(32), status: 'failed', created_at: 1 }
    for (const pays of [[one], 'none', undefined]) {
      onlyFor('listpays', () => Response.json({ pays }, { status: 201 }))
      expect(await status(theirs())).toEqual(UNKNOWN)
    }
  })

  test('in a state that a later node may have is: on its way', async () => {
    const it = theirs()
    const pays = [{ payment_hash: it.hash, status: 'paused', created_at: 1 }]
    onlyFor('listpays', () => Response.json({ pays }, { status: 201 }))
    expect(await status(it)).toEqual({ state: 'inflight' })
  })

  test('of several tries: the one that succeeded counts', async () => {
    const it = theirs()
    await done(scene.fake.node.pay(it.bolt11, 20_000n))
    const preimage = it.preimage
    const sent = { amount_msat: 21_000, amount_sent_msat: 22_021, preimage }
    const of = (state: string) => ({ payment_hash: it.hash, status: state, created_at: 1, ...sent })
    for (const pays of [
      [of('failed'), of('complete')],
      [of('complete'), of('pending')],
    ]) {
      onlyFor('listpays', () => Response.json({ pays }, { status: 201 }))
      expect(await status(it)).toMatchObject({ state: 'settled', preimage, fee: 1_021n })
    }
  })
})

describe('the node gets', () => {
  test('the limits of the payment, and no more time than the invoice has', async () => {
    await pay(theirs({ expirySec: 7 }), { maxFee: msat(3n), maxCltv: 144 })
    const body = scene.fake.bodies.find((it) => 'invstring' in it)
    expect(body).toMatchObject({ maxfee: '3msat', maxdelay: 144 })
    expect([6, 7]).toContain(Number(body?.retry_for))
  })

  test('50 s at most, so that a minute later nothing can begin', async () => {
    await pay(theirs({ expirySec: 600 }), { timeoutMs: 300_000 })
    expect(scene.fake.bodies.find((it) => 'invstring' in it)?.retry_for).toBe(50)
  })
})

describe('a rune', () => {
  test.each(['xpay', 'listpays', 'getinfo'])(
    'that may not %s is a Fault at once',
    async (method) => {
      onlyFor(method, () => failing(1502, 401))
      expect((await faultOf(scene.world, payer.info())).code).toBe('wallet.credential')
    },
  )

  test('that was taken back is a Fault when it is to pay', async () => {
    onlyFor('xpay', () => failing(1503, 401))
    expect((await faultOf(scene.world, payer.pay(theirs().bolt11, LIMITS))).code).toBe(
      'wallet.credential',
    )
  })

  test('stands in no error, though the node quotes it', async () => {
    scene.fake.lies.quotes = true
    const { rune } = scene.fake.connection
    const stranger = { ...scene.fake.connection, rune: `${rune.slice(0, -4)}AAAA` }
    const other = await openClnPayer(stranger, scene.seams)
    await faultOf(scene.world, other.info(), stranger.rune)
    scene.fake.feel('refuses')
    await faultOf(scene.world, payer.info())
  })

  test('of a node without xpay is a Fault that says what is needed', async () => {
    onlyFor('xpay', () => failing(-32601, 404))
    expect((await faultOf(scene.world, payer.info())).message).toContain('24.11')
  })
})
