import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { msat } from '../base/money.ts'
import { books } from './ledger.case.ts'

test('a receipt lost before later ones were counted is counted by its statement, once', () => {
  const it = books([1_440, 7_000, 207], 10_000n)
  it.counts(2)
  it.counts(3)
  it.hears(3, true)
  it.hears(1, true)
  expect(it.view().used).toBe(msat(8_647n))
  it.hears(1, true)
  it.counts(1)
  expect(it.view().used).toBe(msat(8_647n))
})

test('one that could not be believed yet is asked for again, though later ones were', () => {
  const it = books([100, 200, 300], 10_000n)
  it.counts(1)
  it.hears(1, true)
  it.hears(2, false)
  it.counts(3)
  it.hears(3, false)
  // All since this number are asked for.
  expect(it.view()).toMatchObject({ n: 1, used: 400n })
  it.hears(2, true)
  expect(it.view()).toMatchObject({ n: 3, used: 600n })
})

test('never more than was paid, and no cost that the node’s own sums do not bear', () => {
  const poor = books([100, 200], 150n)
  poor.counts(1)
  poor.hears(2, true)
  expect(poor.view().used).toBe(msat(100n))
})

test('a thousand that charge nothing are passed by, and keep no row; what is charged after them is counted', () => {
  const it = books([...Array<number>(1_000).fill(0), 300], 10_000n)
  it.syncs()
  expect(it.view()).toMatchObject({ n: 1_001, used: 300n })
  expect(it.kept()).toEqual({ statements: 1, charges: 1 })
  // Out of turn it says nothing: those before it are asked for.
  const other = books([0, 0], 10_000n)
  other.hears(2, true)
  expect(other.view().n).toBe(0)
  // A receipt that comes after all is counted as each other one.
  it.counts(7)
  it.hears(7, true)
  expect(it.view()).toMatchObject({ n: 1_001, used: 300n, broken: false })
})

test('whatever was lost, in whatever order the rest came, all ends as the node counts', () => {
  const step = fc.tuple(fc.nat(11), fc.constantFrom('counts', 'hears', 'not yet'))
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 12 }),
      fc.array(step, { maxLength: 40 }),
      (costs, steps) => {
        const sum = costs.reduce((all, it) => all + it, 0)
        const it = books(costs, BigInt(sum))
        for (const [at, what] of steps) {
          const n = (at % costs.length) + 1
          if (what === 'counts') it.counts(n)
          else it.hears(n, what === 'hears')
          expect(it.view().used <= it.total).toBe(true)
        }
        it.syncs()
        expect(it.view()).toMatchObject({ used: it.total, broken: false, n: costs.length })
      },
    ),
    { seed: 7, numRuns: 500 },
  )
})
