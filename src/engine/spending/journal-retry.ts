import type { UnixMs } from '../base/clock.ts'
import type { Journal } from './journal.ts'
import { placeOf } from './journal-news.ts'
import type { Entry, WantedPayment } from './journal-rows.ts'

/**
 * A payment that failed may be made again by the same invoice, as long as that lives, where it is sure that none of it
 * is on its way: nobody waits two minutes because his wallet was empty for one.
 */

/** Whether it is the same payment, by the same invoice. */
export const isSame = (entry: Entry, wanted: WantedPayment): boolean =>
  entry.hash === wanted.hash &&
  entry.bolt11 === wanted.bolt11 &&
  placeOf(entry) === placeOf(wanted) &&
  entry.seq === wanted.seq

/**
 * Whether one that failed surely was not sent, or failed at once and for good.
 * @param once its wallet moves the money of a hash once (`onceByHash`): then its word that it found no way is enough.
 *   Of another one only that it took nothing: an old failure on its record would hide what is on its way now
 */
export const mayRetry = (
  { wallet }: Pick<Journal, 'wallet'>,
  entry: Entry,
  once = false,
): boolean => {
  const { state, late, final, reason } = entry
  if (state !== 'failed' || late || final || entry.wallet === null || entry.wallet !== wallet)
    return false
  return reason !== null && (reason.startsWith('wallet.') || (once && SURE.has(reason)))
}

/** Until when nothing can be paid in the place of one that failed; null where it may be tried again. */
export const lockedUntil = (
  journal: Pick<Journal, 'wallet'>,
  entry: Entry,
  once: boolean,
): UnixMs | null =>
  entry.state === 'failed' && !mayRetry(journal, entry, once) ? entry.expiresAt : null

/** `18:22:10 UTC`. */
export const clockTime = (ms: UnixMs): string => `${new Date(ms).toISOString().slice(11, 19)} UTC`

/** Words of payers (payments/payer.ts) after which no part of a payment is under way. */
const SURE: ReadonlySet<string> = new Set(['no_balance', 'no_route', 'over_fee', 'over_limit'])
