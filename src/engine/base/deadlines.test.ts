import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from './clock.ts'
import { Deadlines } from './deadlines.ts'

/** What deadlines are, without a heap. */
class Naive {
  private all: { key: string; at: number; order: number }[] = []
  private order = 0

  set(key: string, at: number): void {
    this.clear(key)
    this.all.push({ key, at, order: this.order++ })
  }

  clear(key: string): void {
    this.all = this.all.filter((it) => it.key !== key)
  }

  next(): number | undefined {
    return this.sorted()[0]?.at
  }

  due(now: number): string[] {
    const keys = this.sorted().filter((it) => it.at <= now)
    for (const { key } of keys) this.clear(key)
    return keys.map((it) => it.key)
  }

  shift(ms: number): void {
    for (const it of this.all) it.at += ms
  }

  dueAt(key: string): number | undefined {
    return this.all.find((it) => it.key === key)?.at
  }

  private sorted() {
    return this.all.toSorted((a, b) => a.at - b.at || a.order - b.order)
  }
}

const key = fc.nat(12).map((n) => `k${n}`)
const at = fc.nat(20)
const step = fc.oneof(
  { weight: 60, arbitrary: fc.record({ do: fc.constant('set' as const), key, at }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('clear' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('due' as const), at: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('shift' as const),
      by: fc.integer({ min: -9, max: 9 }),
    }),
  },
)

test('they come out by time, then in the order in which they were set', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 300, maxLength: 600, size: 'max' }), (steps) => {
      const [real, naive] = [new Deadlines(), new Naive()]
      for (const it of steps) {
        if (it.do === 'shift') for (const one of [real, naive]) one.shift(it.by)
        else if (it.do === 'due') expect(real.due(unixMs(it.at))).toEqual(naive.due(it.at))
        else if (it.do === 'clear') for (const one of [real, naive]) one.clear(it.key)
        else {
          real.set(it.key, unixMs(it.at))
          naive.set(it.key, it.at)
        }
        if ('key' in it) expect<number | undefined>(real.dueAt(it.key)).toBe(naive.dueAt(it.key))
        // Not after every step: what is stale must pile up, so that the heap is made anew.
        if (it.do === 'due') expect<number | undefined>(real.next()).toBe(naive.next())
      }
      expect(real.due(unixMs(99))).toEqual(naive.due(99))
    }),
    { seed: 5, numRuns: 60 },
  )
})

test('a million that were set and cleared, or moved, leave nothing behind', () => {
  const deadlines = new Deadlines()
  deadlines.set('first', unixMs(1))
  for (let i = 0; i < 1_000_000; i++) {
    deadlines.set(`job:${i}`, unixMs(86_400_000 + i))
    deadlines.clear(`job:${i}`)
    deadlines.set('moved', unixMs(1_000 + i))
  }
  expect(entriesIn(deadlines)).toBeLessThan(100)
  expect(deadlines.due(unixMs(2_000_000_000))).toEqual(['first', 'moved'])
})

/** What is held in memory, which no method tells. */
const entriesIn = (deadlines: Deadlines): number => {
  const heap: unknown = Reflect.get(deadlines, 'heap')
  if (!Array.isArray(heap)) throw new Error('no heap')
  return heap.length
}
