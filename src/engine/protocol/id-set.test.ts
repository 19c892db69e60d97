import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { IdSet } from './id-set.ts'

test('is a set, also of numbers that fall on one place, and while it grows', () => {
  // Multiples of 2^32 have the same last 32 bits; 2^52 − 1 is the largest that 13 hex digits give.
  const number = fc.oneof(
    fc.nat({ max: 40 }),
    fc.nat({ max: 2 ** 20 - 1 }).map((n) => n * 2 ** 32),
    fc.constantFrom(0, 2 ** 52 - 1, 2 ** 31, 2 ** 32 - 1),
    fc.maxSafeNat(),
  )
  fc.assert(
    fc.property(fc.array(number, { maxLength: 3_000 }), fc.array(number), (added, others) => {
      const [ids, plain] = [new IdSet(), new Set<number>()]
      for (const n of added) {
        expect(ids.has(n)).toBe(plain.has(n))
        ids.add(n)
        plain.add(n)
        expect(ids.size).toBe(plain.size)
      }
      for (const n of [...added, ...others]) expect(ids.has(n)).toBe(plain.has(n))
    }),
    { numRuns: 100, seed: 1 },
  )
})

test('grows beyond its first table and forgets nothing', () => {
  const ids = new IdSet()
  const of = (i: number): number => (i * 2_654_435_761) % 2 ** 52
  for (let i = 0; i < 5_000; i++) ids.add(of(i))
  expect(ids.size).toBe(5_000)
  for (let i = 0; i < 5_000; i++) expect(ids.has(of(i))).toBe(true)
  for (let i = 5_000; i < 10_000; i++) expect(ids.has(of(i))).toBe(false)
})
