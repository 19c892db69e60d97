import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { sha256, toHex } from '../base/bytes.ts'
import { unixMs } from '../base/clock.ts'
import { eventId } from './ids.ts'
import { ReplayCache } from './replay.ts'

const WINDOW = 1000
const id = (n: number) => eventId(toHex(sha256(`id ${n}`)))

test('an id is kept for a window at least, whatever comes in between', () => {
  const steps = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 700 })), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (them) => {
      const cache = new ReplayCache(WINDOW)
      const added = new Map<number, number>()
      let now = 5_000
      for (const [n, pause] of them) {
        now += pause
        const at = added.get(n)
        const seen = cache.seen(id(n), unixMs(now))
        if (at === undefined) expect(seen).toBe(false)
        else if (now - at <= WINDOW) expect(seen).toBe(true)
        else if (now - at >= 3 * WINDOW) expect(seen).toBe(false)
        if (seen) continue
        expect(cache.add(id(n), unixMs(now))).toBe(true)
        added.set(n, now)
      }
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('a clock that runs ahead for a moment opens no replay', () => {
  const [cache, day] = [new ReplayCache(WINDOW), 86_400_000]
  cache.add(id(1), unixMs(100))
  cache.shift(day)
  expect(cache.seen(id(1), unixMs(day + 150))).toBe(true)
  cache.shift(-day)
  expect(cache.seen(id(1), unixMs(200))).toBe(true)
  expect(cache.seen(id(1), unixMs(100 + 2 * WINDOW))).toBe(false)
})

test('a full cache takes nothing and forgets nothing, until a generation has aged out', () => {
  const cache = new ReplayCache(WINDOW, 3)
  for (const n of [1, 2, 3]) expect(cache.add(id(n), unixMs(0))).toBe(true)
  expect(cache.add(id(4), unixMs(999))).toBe(false)
  expect(cache.add(id(4), unixMs(1500))).toBe(false)
  expect(cache.seen(id(1), unixMs(1500))).toBe(true)
  expect(cache.seen(id(4), unixMs(1500))).toBe(false)
  expect(cache.add(id(4), unixMs(2500))).toBe(true)
  expect(cache.size).toBe(1)
})

test('a clock that is set back forgets nothing', () => {
  const cache = new ReplayCache(WINDOW)
  cache.add(id(1), unixMs(10_000))
  expect(cache.seen(id(1), unixMs(0))).toBe(true)
  expect(cache.seen(id(1), unixMs(10_500))).toBe(true)
})

test('as many ids as it holds are each seen, and none that was not added', () => {
  const cache = new ReplayCache(WINDOW)
  const all = Array.from({ length: 20_000 }, (_, n) => id(n))
  for (const it of all) expect(cache.add(it, unixMs(0))).toBe(true)
  for (const it of all) expect(cache.seen(it, unixMs(0))).toBe(true)
  for (let n = 20_000; n < 40_000; n++) expect(cache.seen(id(n), unixMs(0))).toBe(false)
  expect(cache.size).toBe(20_000)
  // Added again it is no second one.
  cache.add(id(0), unixMs(0))
  expect(cache.size).toBe(20_000)
})

test('ids that begin alike, with zeros or the most that there is, are told apart', () => {
  const cache = new ReplayCache(WINDOW)
  const all = ['0000000000000', '0000000000001', 'fffffffffffff', 'ffffffffffffe'].map((start) =>
    eventId(start.padEnd(64, '7')),
  )
  for (const it of all) {
    expect(cache.seen(it, unixMs(0))).toBe(false)
    cache.add(it, unixMs(0))
    expect(cache.seen(it, unixMs(0))).toBe(true)
  }
  expect(cache.size).toBe(4)
})
