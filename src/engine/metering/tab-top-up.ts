import { type Msat, msat } from '../base/money.ts'
import { LEAST_INVOICE } from '../protocol/terms.ts'
import { type Tab, owed } from './tab-rows.ts'

/**
 * What the next top-up of a tab should be: the first max(10 sat, what is needed), later ones
 * max(100 sat, what is needed). Few larger payments, since each costs about a sat a hop.
 * @param seq highest seq that settled; 0 before the first
 * @param needed what the next job lacks: its ceiling on an empty tab, 0 where nothing waits for it
 * @param granularity of the payee's wallet, msat: the amount is a multiple of it (phoenixd, LNbits: 1,000)
 */
export const topUpOf = (seq: number, needed: Msat, granularity: Msat): Msat => {
  const usual = seq === 0 ? FIRST : LATER
  return upTo(needed > usual ? needed : usual, granularity)
}

/** What an invoice for one job asks for where the tab is off: its ceiling, never less than Lightning carries. */
export const jobInvoiceOf = (needed: Msat, granularity: Msat): Msat =>
  upTo(needed > LEAST_INVOICE ? needed : LEAST_INVOICE, granularity)

/**
 * What the invoice after a receipt asks for: all that is owed, in whole units of the wallet; the rest is
 * carried over to the next one. null where that is nothing that Lightning carries.
 */
export const dueInvoiceOf = (tab: Tab, granularity: Msat): Msat | null => {
  const debt = owed(tab)
  const whole = debt - (debt % granularity)
  return whole < LEAST_INVOICE ? null : msat(whole)
}

const upTo = (amount: Msat, granularity: Msat): Msat =>
  msat(((amount + granularity - 1n) / granularity) * granularity)

/** More than this no node asks for at once: a million sat. */
export const MOST_TOP_UP = msat(1_000_000_000n)

const FIRST = msat(10_000n)
const LATER = msat(100_000n)
