import { unixMs } from '../../base/clock.ts'
import { tabAt } from '../../metering/tab.ts'
import type { Has } from '../../protocol/has.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { NodeTurn } from './state.ts'
import type { Till } from './till.ts'

/** Our ledger may have been lost, and our key kept: nothing is numbered anew that we signed before. */

/**
 * Whether a payer has more of its tab than our ledger: a statement that we signed, or an invoice that it paid. Each was on
 * our disk before it left, so the ledger is not the one that we had. Who claims what never was is refused, and no one else.
 */
export const lacks = ({ tabs, book }: Till, key: PubKey, has: Has | undefined): boolean => {
  if (!has) return false
  const { n = 0, seq = 0 } = tabAt(tabs, key) ?? {}
  if (has.n > n) return true
  if (has.seq <= seq) return false
  // Our wallet may not have told us yet, or have another word for it than the payer's.
  const given = [...book.invoices.values(), ...book.canceled.values()]
  return !given.some((it) => it.payer === key && it.ref === key && it.seq >= has.seq)
}

/** Whether we have nothing of a tab that is drawn on. Who pays afterwards may have none yet; all others draw on what they paid. */
export const isUnknown = (
  { tabs, book }: Till,
  { key, timing }: Readonly<{ key: PubKey; timing: string }>,
): boolean => {
  const { paid = 0n, seq = 0, n = 0 } = tabAt(tabs, key) ?? {}
  const { invoices, wanted } = book
  const isAsked = [...invoices.values(), ...wanted.values()].some(({ payer }) => payer === key)
  return timing !== 'after' && !isAsked && paid === 0n && seq === 0 && n === 0
}

/** Our ledger may be another one than clients have paid into: whoever runs this node is to hear of it. */
export const noTab = ({ state, now, effects }: NodeTurn): 'no_tab' => {
  if (state.deadlines.has('no_tab:')) return 'no_tab'
  state.deadlines.set('no_tab:', unixMs(now + NO_TAB_EVERY_MS))
  effects.push({ do: 'log', level: 'warn', event: 'tab.unknown', fields: {} })
  return 'no_tab'
}

/** How often it is logged at most. */
const NO_TAB_EVERY_MS = 60_000
