import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../base/clock.ts'
import type { PubKey } from '../protocol/ids.ts'
import {
  type Seen,
  newStandings,
  observe,
  predictFirst,
  standingOf,
  successOf,
} from './standing.ts'

const NODE = 'a'.repeat(64) as PubKey
const DAY = 24 * 3_600_000
const seen = (over: Partial<Seen> = {}): Seen => ({
  node: NODE,
  task: 'text.chat@1',
  model: 'm',
  outcome: 'ok',
  firstMs: 100,
  msPerUnit: 2,
  at: unixMs(0),
  ...over,
})
const after = (all: readonly Seen[]) => {
  const standings = newStandings()
  for (const it of all) observe(standings, it)
  return standingOf(standings, NODE, 'text.chat@1', 'm')
}

test('success stays between 0 and 1, rises with every job served and falls with every fault', () => {
  const history = fc.array(
    fc.record({
      outcome: fc.constantFrom('ok' as const, 'node_fault' as const),
      at: fc.nat(10 * DAY).map(unixMs),
    }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(history, fc.nat(20 * DAY).map(unixMs), (steps, now) => {
      const all = steps.map(seen)
      const p = successOf(after(all), now)
      expect(p).toBeGreaterThan(0)
      expect(p).toBeLessThan(1)
      expect(successOf(after([...all, seen({ at: now })]), now)).toBeGreaterThanOrEqual(p - 1e-12)
      const fault = after([...all, seen({ at: now, outcome: 'node_fault' })])
      expect(successOf(fault, now)).toBeLessThan(p)
    }),
    { seed: 4 },
  )
})

test('evidence halves in a day and fades into what is believed of strangers', () => {
  const faults = Array.from({ length: 8 }, () => seen({ outcome: 'node_fault' }))
  const four = faults.slice(0, 4)
  expect(successOf(after(faults), unixMs(DAY))).toBeCloseTo(successOf(after(four), unixMs(0)), 10)
  const stranger = successOf(undefined, unixMs(0))
  expect(successOf(after(faults), unixMs(0))).toBeLessThan(stranger)
  expect(successOf(after(faults), unixMs(60 * DAY))).toBeCloseTo(stranger, 6)
  expect(stranger).toBeGreaterThan(0.6)
  expect(stranger).toBeLessThan(0.9)
})

test('what is not counted changes nothing, not even a time', () => {
  const before = after([seen()])
  const counted = after([seen(), seen({ outcome: 'not_counted', firstMs: 90_000, at: unixMs(5) })])
  expect(counted).toEqual(before)
})

test('a clock that is set back neither renews nor ages', () => {
  const now = unixMs(3 * DAY)
  const straight = after([seen({ at: now }), seen({ at: now })])
  const back = after([seen({ at: now }), seen({ at: unixMs(0) })])
  expect(successOf(back, now)).toBe(successOf(straight, now))
})

test('averages follow upwards faster than downwards', () => {
  expect(after([seen(), seen({ firstMs: 200 })])!.firstMs).toBeCloseTo(140)
  expect(after([seen(), seen({ firstMs: 0 })])!.firstMs).toBeCloseTo(85)
  expect(after([seen(), seen({ firstMs: null, outcome: 'node_fault' })])!.firstMs).toBe(100)
})

test('an announcement fades as observations come', () => {
  expect(predictFirst(undefined, 700)).toBe(700)
  expect(predictFirst(after([seen()]), 700)).toBeCloseTo(700 - 600 / 21)
  const twenty = after(Array.from({ length: 20 }, () => seen()))
  expect(predictFirst(twenty, 700)).toBeCloseTo(400)
})

test('a node that invents models does not fill the memory', () => {
  const standings = newStandings()
  for (let i = 0; i < 21_000; i++) observe(standings, seen({ model: `m${i}` }))
  expect(standings.size).toBe(20_000)
  expect(standingOf(standings, NODE, 'text.chat@1', 'm0')).toBeUndefined()
  expect(standingOf(standings, NODE, 'text.chat@1', 'm20999')).toBeDefined()
})
