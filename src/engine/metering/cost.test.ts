import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { MAX_MSAT, MOST_AMOUNT, type Msat, msat } from '../base/money.ts'
import { type Rates, UNITS, type Units } from '../protocol/fields.ts'
import { maxUnits, overMax, plausible, withinMax } from './bounds.ts'
import { ceilingOf, costOf } from './cost.ts'

const amount = (most = MAX_MSAT) => fc.bigInt({ min: 0n, max: most }).map(msat)
const units = (most = Number.MAX_SAFE_INTEGER): fc.Arbitrary<Units> =>
  fc.dictionary(fc.constantFrom(...UNITS), fc.nat(most), { noNullPrototype: true })
const rates: fc.Arbitrary<Rates> = fc.dictionary(fc.constantFrom(...UNITS), amount(10n ** 12n), {
  noNullPrototype: true,
})
const price = fc.record({ rates, minimum: amount(10n ** 9n), cold_surcharge: amount(10n ** 9n) })
/** A bound, and a usage within it: fresh and cached input share theirs. */
const bounded = units(1e9).chain((max) => {
  const bound: Units = { ...max, cached_token: 0 }
  return fc.tuple(...UNITS.map(() => fc.double({ min: 0, max: 1, noNaN: true }))).map((shares) => {
    const usage: Partial<Record<(typeof UNITS)[number], number>> = {}
    for (const [i, unit] of UNITS.entries())
      usage[unit] = Math.floor((bound[unit] ?? 0) * shares[i]!)
    const left = (bound.in_token ?? 0) - (usage.in_token ?? 0)
    usage.cached_token = Math.floor(left * shares[1]!)
    return { max: bound, usage }
  })
})

test('no usage within max costs more than the ceiling', () => {
  fc.assert(
    fc.property(price, bounded, fc.boolean(), fc.boolean(), (row, { max, usage }, cold, ok) => {
      expect(withinMax(usage, max)).toBe(true)
      const ceiling = ceilingOf(row, max, cold)
      const cost = costOf({
        rates: row.rates,
        usage,
        minimum: row.minimum,
        surcharge: cold ? row.cold_surcharge : msat(0n),
        // What is dearer than any amount that can be said costs that.
        ceiling: MOST_AMOUNT,
        succeeded: ok,
      })
      expect(cost <= ceiling).toBe(true)
    }),
    { seed: 2, numRuns: 1000 },
  )
})

test('max itself costs exactly the ceiling, at the dearer sort of input', () => {
  const row = {
    rates: {
      in_token: msat(1_000_000n),
      cached_token: msat(1_500_000n),
      out_token: msat(2_500_000n),
    },
    minimum: msat(0n),
    cold_surcharge: msat(7n),
  }
  expect(ceilingOf(row, { in_token: 58, out_token: 61 }, false)).toBe(msat(240n)) // ⌈87 + 152.5⌉
  expect(ceilingOf(row, { in_token: 58, out_token: 61 }, true)).toBe(msat(247n))
})

test('never over its ceiling, rounded up once, and more use never costs less', () => {
  const of = { rates, usage: units(1e9), minimum: amount(10n ** 9n), surcharge: amount(10n ** 9n) }
  const any = fc.record({ ...of, ceiling: amount(), succeeded: fc.boolean() })
  fc.assert(
    fc.property(any, fc.constantFrom(...UNITS), fc.nat(1e6), (it, unit, more) => {
      const cost = costOf(it)
      expect(cost <= it.ceiling).toBe(true)
      const usage = { ...it.usage, [unit]: (it.usage[unit] ?? 0) + more }
      expect(costOf({ ...it, usage }) >= cost).toBe(true)
      if (cost === it.ceiling) return
      const exact = UNITS.reduce(
        (sum, u) => sum + (it.rates[u] ?? 0n) * BigInt(it.usage[u] ?? 0),
        0n,
      )
      const used = exact % 1_000_000n === 0n ? exact / 1_000_000n : exact / 1_000_000n + 1n
      const whole = used + it.surcharge
      const due = it.succeeded ? (whole > it.minimum ? whole : it.minimum) : used
      expect(cost).toBe(due as Msat)
    }),
    { seed: 3, numRuns: 1000 },
  )
})

test('two half msat are one, not two', () => {
  const half = { in_token: msat(500_000n), out_token: msat(500_000n) }
  const of = { minimum: msat(0n), surcharge: msat(0n), ceiling: msat(9n), succeeded: true }
  expect(costOf({ ...of, rates: half, usage: { in_token: 1, out_token: 1 } })).toBe(msat(1n))
})

test('minimum and surcharge are owed by success alone', () => {
  const of = {
    rates: { byte: msat(1_000_000n) },
    usage: { byte: 3 },
    minimum: msat(100n),
    surcharge: msat(50n),
    ceiling: msat(1000n),
  }
  expect(costOf({ ...of, succeeded: true })).toBe(msat(100n))
  expect(costOf({ ...of, usage: { byte: 80 }, succeeded: true })).toBe(msat(130n))
  expect(costOf({ ...of, succeeded: false })).toBe(msat(3n))
  expect(costOf({ ...of, usage: {}, succeeded: false })).toBe(msat(0n))
})

test('a price beyond what can be said saturates instead of throwing', () => {
  const row = { rates: { byte: msat(MAX_MSAT) }, minimum: msat(0n), cold_surcharge: msat(MAX_MSAT) }
  expect(ceilingOf(row, { byte: Number.MAX_SAFE_INTEGER }, true)).toBe(MOST_AMOUNT)
})

const sizes = { bytes: 100, messages: 3, documents: 4, items: 5, out_tokens: 60 }
const template = { base: 10, per_message: 2 }

test('bounds of every unit that sizes measure', () => {
  expect(maxUnits(UNITS, sizes, template)).toEqual({
    in_token: 116,
    out_token: 60,
    byte: 100,
    character: 100,
    document: 4,
    item: 5,
  })
  expect(maxUnits(['byte'], sizes, template)).toEqual({ byte: 100 })
  const huge = { ...sizes, bytes: Number.MAX_SAFE_INTEGER }
  expect(maxUnits(['in_token'], huge, template).in_token).toBe(Number.MAX_SAFE_INTEGER)
})

test('fresh and cached input share one bound', () => {
  const max = { in_token: 10, out_token: 5 }
  expect(withinMax({ in_token: 4, cached_token: 6, out_token: 5 }, max)).toBe(true)
  expect(overMax({ in_token: 4, cached_token: 7 }, max)).toEqual({
    unit: 'in_token',
    used: 11,
    most: 10,
  })
  expect(withinMax({ cached_token: 11 }, max)).toBe(false)
  expect(withinMax({ cached_token: 10 }, max)).toBe(true)
  expect(withinMax({ byte: 1 }, max)).toBe(false)
})

test('tokens beyond bytes and template are not plausible', () => {
  expect(plausible({ in_token: 100, cached_token: 16, out_token: 60 }, sizes, template)).toBe(true)
  expect(plausible({ in_token: 101, cached_token: 16 }, sizes, template)).toBe(false)
  expect(plausible({ out_token: 61 }, sizes, template)).toBe(false)
  expect(plausible({ pixel: 1 }, sizes, template)).toBe(false)
})
