import { afterEach, expect, test } from 'bun:test'
import { systemClock } from './clock.ts'

const real = { set: globalThis.setTimeout, clear: globalThis.clearTimeout }
afterEach(() => void Object.assign(globalThis, { setTimeout: real.set, clearTimeout: real.clear }))

/** A runtime whose timers ring when the test says so. */
const timers = () => {
  const set: { ring: () => void; ms: number }[] = []
  const cleared: unknown[] = []
  Object.assign(globalThis, {
    setTimeout: (ring: () => void, ms: number) => set.push({ ring, ms }),
    clearTimeout: (timer: unknown) => cleared.push(timer),
  })
  return { set, cleared }
}

const YEAR_MS = 31_536_000_000
/** A runtime takes no longer timer: one of more is over at once (TimeoutOverflowWarning). */
const MOST_MS = 2 ** 31 - 1

test('a time of a year is waited for to its end, in timers that the runtime can count', () => {
  const { set } = timers()
  let rung = 0
  systemClock.after(YEAR_MS, () => rung++)
  let waited = 0
  for (let n = 0; n < set.length && n < 100; n++) {
    expect(set[n]!.ms).toBeLessThanOrEqual(MOST_MS)
    expect(rung).toBe(0)
    waited += set[n]!.ms
    set[n]!.ring()
  }
  expect([waited, rung]).toEqual([YEAR_MS, 1])
})

test('taken back between two of them it never rings', () => {
  const { set, cleared } = timers()
  const stop = systemClock.after(YEAR_MS, () => {})
  set[0]!.ring()
  stop()
  expect(cleared).toEqual([set.length])
})

test('a short one is one timer', () => {
  const { set } = timers()
  let rung = 0
  systemClock.after(5, () => rung++)
  set[0]!.ring()
  expect([set.length, set[0]!.ms, rung]).toEqual([1, 5, 1])
})
