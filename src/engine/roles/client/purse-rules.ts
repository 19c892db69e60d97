import { BOUNDS } from '../../base/bounds.ts'
import type { Msat } from '../../base/money.ts'
import type { PayLimits } from '../../payments/payer.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { parseTerms } from '../../protocol/terms.ts'
import type { Journal } from '../../spending/journal.ts'
import type { Entry } from '../../spending/journal-rows.ts'

/** Whose units a payment buys: those of the key in its terms; null where it buys none. */
export const payerOf = ({ terms, purpose }: Pick<Entry, 'terms' | 'purpose'>): PubKey | null => {
  if (purpose === 'other') return null
  const read = parseTerms(terms)
  return typeof read === 'string' ? null : read.payer
}

/** Payments whose end is not known. */
export const openOf = ({ open }: Journal): Entry[] =>
  [...open.values()].filter((entry) => !isOver(entry))

export const isOver = ({ state }: Entry): boolean => state === 'settled' || state === 'failed'

/** What a payment may cost and take. What is held has no end of its own, and is locked for few blocks only. */
export const limitsOf = (maxFee: Msat, hold: boolean, timeoutMs = 60_000): PayLimits =>
  hold ? { maxFee, timeoutMs: HELD_MS, maxCltv: BOUNDS.lockedBlocks } : { maxFee, timeoutMs }

/** A payee lets go of what it holds within 90 s. */
const HELD_MS = 120_000
