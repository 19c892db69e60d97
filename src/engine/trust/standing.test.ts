import { describe, expect, test } from 'bun:test'
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
const after = (all: readonly Seen[], from: (n: number) => string | undefined = () => undefined) => {
  const standings = newStandings()
  for (const [n, it] of all.entries()) observe(standings, it, from(n))
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

describe('attack 9: a node that is its own client', () => {
  const served = (n: number) => Array.from({ length: n }, () => seen({ firstMs: 0, msPerUnit: 0 }))
  const failed = (n: number) => Array.from({ length: n }, () => seen({ outcome: 'node_fault' }))
  const now = unixMs(0)
  const at = (place: string) => () => place
  const places = (n: number) => (job: number) => `place ${job % n}`

  test('counts for ten jobs, however many it buys, under however many keys', () => {
    const ten = successOf(after(served(10), at('own')), now)
    expect(successOf(after(served(10_000), at('own')), now)).toBeCloseTo(ten, 12)
    // A little more than a stranger, and less than a node that twenty others use.
    expect(successOf(undefined, now)).toBeCloseTo(0.719, 2)
    expect(ten).toBeCloseTo(0.847, 2)
    expect(successOf(after(served(20), places(20)), now)).toBeGreaterThan(ten)
  })

  test('with 2, 4, 16 or 1,000 addresses has as much as that many clients', () => {
    const gained = [1, 2, 4, 16, 1_000].map((n) => {
      const it = after(served(10_000), places(n))!
      expect(it.views.size).toBe(Math.min(n, 17))
      expect(it.served).toBeCloseTo(n < 1_000 ? 10 * n : 16 + 160, 6)
      return successOf(it, now)
    })
    expect(gained).toEqual(gained.toSorted((a, b) => a - b))
  })

  test('does not drown what it does to others', () => {
    const all = [...failed(5), ...served(10_000)]
    const it = after(all, (n) => (n < 5 ? `stranger ${n}` : 'own'))
    expect(successOf(it, now)).toBeLessThan(successOf(undefined, now))
  })

  test('looks half as slow to one other client, and no faster the more it buys', () => {
    const honest = seen({ firstMs: 1_000, msPerUnit: 10 })
    const it = after([honest, ...served(1_000)], (n) => (n === 0 ? 'other' : 'own'))
    expect([it!.firstMs, it!.msPerUnit]).toEqual([500, 5])
  })

  test('one address that sees it break is believed soon, whatever it saw before', () => {
    const all = [...served(1_000), ...failed(5)]
    expect(successOf(after(all, at('home')), now)).toBeLessThan(successOf(undefined, now))
  })
})

test('a node that invents models does not fill the memory', () => {
  const standings = newStandings()
  for (let i = 0; i < 21_000; i++) observe(standings, seen({ model: `m${i}` }))
  expect(standings.size).toBe(20_000)
  expect(standingOf(standings, NODE, 'text.chat@1', 'm0')).toBeUndefined()
  expect(standingOf(standings, NODE, 'text.chat@1', 'm20999')).toBeDefined()
})
