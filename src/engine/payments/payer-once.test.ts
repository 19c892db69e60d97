import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { toHex } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { msat } from '../base/money.ts'
import { seededRandom } from '../base/random.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { paymentHash } from '../protocol/ids.ts'
import { FakeNode } from '../../../test/fakes/lnd-node.ts'
import type { Payment } from './payer.ts'
import { type PaysOverHttp, type Sent, payOnce, preimageOf } from './payer-once.ts'

/** What becomes of a request to pay. The wallet itself pays as often as it is asked: nobody but us takes care. */
const DEEDS = [
  'pays',
  'pays, unsure answer',
  'pays, cut',
  'refuses',
  'refuses, unsure answer',
  'refuses, cut',
  'never hears of it',
  'hears late, pays',
  'hears late, refuses',
  'holds, pays later',
  'holds, refuses later',
] as const
type Deed = (typeof DEEDS)[number]

const secp = await openSecp256k1()
const LATER_MS = 50_000
const LIMITS = { maxFee: msat(0n), timeoutMs: 1_000 }
const SETTLED: Payment = { state: 'settled', preimage: null, fee: null }
const FAILED: Payment = { state: 'failed', reason: 'no_route' }

const world = () => {
  const clock = virtualClock()
  const payee = new FakeNode({ clock, random: seededRandom(1), secp })
  const it = payee.invoice({ msat: 1_000n, descriptionHash: '00'.repeat(32), expirySec: 2 ** 24 })
  let deed: Deed = 'pays'
  let deaf = false
  let row: Payment | null = null
  let moved = 0
  const cut = () => new Fault('unavailable', 'wallet.unreachable', 'cut')
  const ends = (how: Payment) => {
    if (how.state === 'settled') moved++
    if (row?.state !== 'settled') row = how
    return how
  }
  const wallet: PaysOverHttp = {
    record: async () => {
      if (deaf) throw cut()
      return row
    },
    send: async (): Promise<Sent> => {
      const how = deed.includes('refuses') ? FAILED : SETTLED
      if (deed === 'never hears of it') throw cut()
      if (deed.startsWith('hears late')) {
        clock.after(LATER_MS, () => ends(how))
        throw cut()
      }
      if (deed.startsWith('holds')) {
        row = { state: 'inflight' }
        clock.after(LATER_MS, () => ends(how))
        return { ifNone: { state: 'unknown' } }
      }
      ends(how)
      if (deed.endsWith('cut')) throw cut()
      return deed.endsWith('unsure answer') ? { ifNone: { state: 'unknown' } } : how
    },
  }
  return {
    clock,
    hash: paymentHash(it.hash),
    bolt11: it.bolt11,
    ...payOnce(wallet, { clock, net: 'regtest' }),
    becomes: (next: Deed) => void (deed = next),
    deafen: (now: boolean) => void (deaf = now),
    moved: () => moved,
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant('pay' as const), deed: fc.constantFrom(...DEEDS) }),
  fc.record({ do: fc.constant('ask' as const), deaf: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 70_000 }) }),
)

describe('a payment over HTTP', () => {
  test('moves money once at most, and what was said to have failed stays so', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const it = world()
        /** What had moved when it was said for certain that nothing will. */
        let over: number | null = null
        for (const what of steps) {
          if (what.do === 'wait') await it.clock.advance(what.ms)
          else {
            if (what.do === 'ask') it.deafen(what.deaf)
            else it.becomes(what.deed)
            const said =
              what.do === 'pay'
                ? await it.pay(it.bolt11, LIMITS).catch(() => 'nothing sent' as const)
                : await it.payStatus(it.hash, it.bolt11)
            if (what.do === 'pay') over = null
            const state = said === 'nothing sent' ? said : (said?.state ?? 'none')
            seen.add(state)
            if (state === 'failed' || state === 'none') over = it.moved()
            if (state === 'settled') expect(it.moved()).toBe(1)
            it.deafen(false)
          }
          if (over !== null) expect(it.moved()).toBe(over)
          expect(it.moved()).toBeLessThanOrEqual(1)
        }
        await it.clock.advance(LATER_MS + 1)
        if (over !== null) expect(it.moved()).toBe(over)
        expect(it.moved()).toBeLessThanOrEqual(1)
      }),
      { numRuns: 1_500 },
    )
    expect([...seen].toSorted()).toEqual(
      ['failed', 'inflight', 'none', 'settled', 'unknown'].toSorted(),
    )
  })

  test('a request that was cut is not sent again while it may be on its way', async () => {
    const it = world()
    it.becomes('hears late, pays')
    expect(await it.pay(it.bolt11, LIMITS)).toEqual({ state: 'unknown' })
    it.becomes('pays')
    await it.clock.advance(LATER_MS - 1)
    expect(await it.pay(it.bolt11, LIMITS)).toEqual({ state: 'unknown' })
    expect(await it.payStatus(it.hash, it.bolt11)).toEqual({ state: 'unknown' })
    await it.clock.advance(1)
    expect(await it.pay(it.bolt11, LIMITS)).toEqual(SETTLED)
    expect(it.moved()).toBe(1)
  })

  test('asked for five times at once it is sent once, and all hear the same', async () => {
    const it = world()
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => it.pay(it.bolt11, LIMITS)))
    expect(all).toEqual([SETTLED, SETTLED, SETTLED, SETTLED, SETTLED])
    expect(it.moved()).toBe(1)
  })

  test('one that never arrived is nothing after a minute, and can be sent again', async () => {
    const it = world()
    it.becomes('never hears of it')
    await it.pay(it.bolt11, LIMITS)
    await it.clock.advance(60_000)
    expect(await it.payStatus(it.hash, it.bolt11)).toBeNull()
    it.becomes('pays')
    expect(await it.pay(it.bolt11, LIMITS)).toEqual(SETTLED)
  })

  test('an old failure says nothing of an attempt that was cut', async () => {
    const it = world()
    it.becomes('refuses')
    expect(await it.pay(it.bolt11, LIMITS)).toEqual(FAILED)
    it.becomes('hears late, pays')
    expect(await it.pay(it.bolt11, LIMITS)).toEqual({ state: 'unknown' })
    expect(await it.payStatus(it.hash, it.bolt11)).toEqual({ state: 'unknown' })
    await it.clock.advance(LATER_MS)
    expect(await it.payStatus(it.hash, it.bolt11)).toEqual(SETTLED)
  })

  test('is not begun where the wallet cannot say what it has on record', async () => {
    const it = world()
    it.deafen(true)
    const fault = await it.pay(it.bolt11, LIMITS).catch((error: unknown) => error)
    expect(fault).toHaveProperty('code', 'wallet.unreachable')
    expect(await it.payStatus(it.hash, it.bolt11)).toEqual({ state: 'unknown' })
    expect(it.moved()).toBe(0)
  })
})

describe('a preimage', () => {
  const bytes = seededRandom(3).bytes(32)
  const hash = paymentHash(new Bun.CryptoHasher('sha256').update(bytes).digest('hex'))

  test('is one whose hash it is', () => {
    expect(String(preimageOf(hash, toHex(bytes)))).toBe(toHex(bytes))
    expect(String(preimageOf(hash, toHex(bytes).toUpperCase()))).toBe(toHex(bytes))
  })

  test.each([
    ['none', undefined],
    ['null', null],
    ['nothing', ''],
    ['zeros', '00'.repeat(32)],
    ['the hash', hash],
    ['too much', `${toHex(bytes)}00`],
    ['an id', 'internal_42'],
    ['a number', 7],
  ])('is not %s', (_what, said) => expect(preimageOf(hash, said)).toBeNull())
})
