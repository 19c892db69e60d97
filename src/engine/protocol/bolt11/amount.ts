import { MAX_MSAT, type Msat, msat } from '../../base/money.ts'

/** Tenths of an msat in one of each unit (BOLT 11), largest first: `p` is one of them. */
const UNITS = {
  '': 1_000_000_000_000n,
  m: 1_000_000_000n,
  u: 1_000_000n,
  n: 1_000n,
  p: 1n,
} as const
export type Unit = keyof typeof UNITS

/**
 * The amount in the prefix of an invoice: digits, and a multiplier or ''.
 * @returns undefined for a leading zero, a part of an msat, or more than all the money there is
 */
export const readAmount = (digits: string, unit: Unit): Msat | undefined => {
  if (digits.startsWith('0') || digits.length > MOST_DIGITS) return undefined
  const tenths = BigInt(digits) * UNITS[unit]
  if (tenths % 10n !== 0n || tenths / 10n > MAX_MSAT) return undefined
  return msat(tenths / 10n)
}

/** An amount as an invoice says it: in the largest unit that it is a whole number of. */
export const writeAmount = (amount: Msat): string => {
  if (amount <= 0n) throw new RangeError('an invoice asks for at least one msat')
  const tenths = amount * 10n
  const [unit, scale] = Object.entries(UNITS).find(([, each]) => tenths % each === 0n)!
  return `${tenths / scale}${unit}`
}

/** Of all the money there is, in tenths of an msat. */
const MOST_DIGITS = 20
