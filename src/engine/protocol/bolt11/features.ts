import type { Words } from './words.ts'

/** Bits of BOLT 9 that an invoice may have; the odd one beside each says that it can do without. */
const VAR_ONION = 8
const PAYMENT_SECRET = 14
const BASIC_MPP = 16
const PAYMENT_METADATA = 48

/** What each of our own invoices demands: both are assumed of every node today. */
export const USUAL_FEATURES: readonly number[] = [VAR_ONION, PAYMENT_SECRET]

/** Every bit that is set, rising. */
export const readFeatures = (words: Words, from: number, to: number): number[] => {
  const bits: number[] = []
  for (let i = to - 1; i >= from; i--)
    for (let bit = 0; bit < 5; bit++) if ((words[i]! >> bit) & 1) bits.push((to - 1 - i) * 5 + bit)
  return bits
}

/** The words in which bits are set, as few as it takes; none for no bits. */
export const writeFeatures = (bits: readonly number[]): number[] => {
  if (bits.length === 0) return []
  const words = Array<number>(Math.floor(Math.max(...bits) / 5) + 1).fill(0)
  for (const bit of bits) words[words.length - 1 - Math.floor(bit / 5)]! |= 1 << (bit % 5)
  return words
}

/**
 * Whether somebody who knows BOLT 9 may pay it. An even bit demands; of those that we do not know we
 * cannot tell what a preimage would prove (30 is lnd's AMP, which has no single one).
 */
export const isPayable = (features: readonly number[]): boolean => {
  if (features.some((bit) => bit % 2 === 0 && !KNOWN.has(bit))) return false
  const has = (bit: number) => features.includes(bit) || features.includes(bit + 1)
  return !has(BASIC_MPP) || has(PAYMENT_SECRET)
}

const KNOWN: ReadonlySet<number> = new Set([VAR_ONION, PAYMENT_SECRET, BASIC_MPP, PAYMENT_METADATA])
