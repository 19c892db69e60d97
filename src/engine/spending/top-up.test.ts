import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { msat } from '../base/money.ts'
import { topUpOf } from '../metering/tab-top-up.ts'
import { topUpSum } from './top-up.ts'

const ONE = msat(1n)
const SAT = msat(1_000n)

test('what is usual where nobody says, else exactly what was said', () => {
  expect(topUpSum(null, 0, SAT)).toBe(msat(10_000n))
  expect(topUpSum(null, 3, SAT)).toBe(msat(100_000n))
  expect(topUpSum(msat(10_000n), 0, ONE)).toBe(msat(10_000n))
  expect(topUpSum(msat(150_500n), 3, ONE)).toBe(msat(150_500n))
  expect(topUpSum(msat(1_000_000_000n), 3, SAT)).toBe(msat(1_000_000_000n))
})

test('what may not be is named with what may', () => {
  const cases = [
    [msat(9_999n), 0, 'too_little', '10sat'],
    [msat(99_999n), 1, 'too_little', '100sat'],
    [msat(1_000_000_001n), 1, 'too_much', '1000000sat'],
    [msat(150_500n), 1, 'units', '151sat'],
  ] as const
  for (const [amount, seq, code, sum] of cases)
    expect(topUpSum(amount, seq, SAT)).toMatchObject({
      kind: 'usage',
      code: `top_up.${code}`,
      hint: expect.stringContaining(sum),
    })
})

test('never another amount than the one that was said, and never one that a node would change', () => {
  const amount = fc.bigInt({ min: 0n, max: 2_000_000_000n })
  const granularity = fc.constantFrom(1n, 1_000n)
  fc.assert(
    fc.property(amount, fc.nat(5), granularity, (said, seq, unit) => {
      const sum = topUpSum(msat(said), seq, msat(unit))
      if (typeof sum !== 'bigint') return
      expect(sum).toBe(msat(said))
      expect(topUpOf(seq, sum, msat(unit))).toBe(sum)
    }),
  )
})
