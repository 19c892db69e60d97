import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { MAX_MSAT, type Msat, msat } from '../base/money.ts'
import { type SpendingCaps, capFlaw, usualMaxFee } from './caps.ts'

const sat = (n: bigint): Msat => msat(n * 1000n)
const CAPS: SpendingCaps = { maxPrice: sat(5n), budget: sat(1_000n), exposure: sat(200n) }
const flaw = (
  over: Partial<{ price: bigint; msat: bigint; maxFee: bigint; today: bigint; here: bigint }>,
  caps = CAPS,
) => {
  const { price = 0n, msat: amount = 0n, maxFee = 0n, today = 0n, here = 0n } = over
  const outlay = { price: msat(price), msat: msat(amount), maxFee: msat(maxFee) }
  const fault = capFlaw(caps, { today, here }, outlay)
  return fault && [fault.kind, fault.code, fault.message, fault.hint]
}

test('up to a cap is within it, one msat more is not', () => {
  expect(
    flaw({ price: 5_000n, msat: 190_000n, maxFee: 10_000n, here: 10_000n, today: 800_000n }),
  ).toBeNull()
  expect(flaw({ price: 5_001n })?.[1]).toBe('cap.exceeded')
  expect(flaw({ msat: 100_000n, maxFee: 5_000n, today: 895_001n })?.[1]).toBe('budget.exceeded')
  expect(flaw({ msat: 100_000n, here: 100_001n })?.[1]).toBe('exposure.exceeded')
})

test('a refusal names the flag and the sum that would allow it, which then allows it', () => {
  expect(flaw({ price: 7_000n })).toEqual([
    'refused',
    'cap.exceeded',
    'the job may cost up to 7 sat, more than --max-price 5 sat',
    'allow it with --max-price 7sat',
  ])
  expect(flaw({ msat: 100_000n, maxFee: 5_000n, today: 1_000_000n })).toEqual([
    'refused',
    'budget.exceeded',
    'with this payment and its fee the day comes to 1,105 sat, more than --budget 1,000 sat',
    'allow it with --budget 1105sat',
  ])
  expect(flaw({ msat: 100_000n, here: 100_001n })).toEqual([
    'refused',
    'exposure.exceeded',
    'with this payment 200,001 msat would be paid and unused at this node, more than --max-exposure 200,000 msat',
    'allow it with --max-exposure 200001msat',
  ])
  const allowed = { ...CAPS, exposure: msat(200_001n) }
  expect(flaw({ msat: 100_000n, here: 100_001n }, allowed)).toBeNull()
})

test('without a bound nothing is refused; a bound of nothing refuses everything', () => {
  const most = { price: 10n ** 15n, msat: 10n ** 15n, today: 10n ** 15n, here: 10n ** 15n }
  expect(flaw(most, { maxPrice: null, budget: null, exposure: null })).toBeNull()
  const none = { maxPrice: null, budget: msat(0n), exposure: null }
  expect(flaw({ msat: 1n }, none)?.[3]).toBe('allow it with --budget 1msat')
})

test('what is owed leaves more room than the cap', () => {
  expect(flaw({ msat: 250_000n, here: -50_000n })).toBeNull()
  expect(flaw({ msat: 250_001n, here: -50_000n })?.[1]).toBe('exposure.exceeded')
})

test('routing may cost 10 sat, or a hundredth where that is more', () => {
  expect(usualMaxFee(msat(1_000n))).toBe(msat(10_000n))
  expect(usualMaxFee(msat(1_000_000n))).toBe(msat(10_000n))
  expect(usualMaxFee(msat(5_000_000n))).toBe(msat(50_000n))
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: MAX_MSAT }), (amount) => {
      const fee = usualMaxFee(amount as Msat)
      expect(fee >= 10_000n && (fee === 10_000n || fee * 100n <= amount)).toBe(true)
    }),
  )
})
