import type { BookedInvoice } from '../../metering/invoice-book-rows.ts'
import type { Message } from '../../protocol/messages.ts'
import { STATEMENT_PAGE } from '../../protocol/sync.ts'
import { tabAt } from '../../metering/tab.ts'
import { lookSoon, paidOf } from '../counter.ts'
import { giveSession, tellSession } from './reach.ts'
import type { NodeEvent, NodeTurn } from './state.ts'
import { type Reach, type Till, commit } from './till.ts'

/** What a tab was told before, for a client that lost it (26435 about a tab), or that another process of its user has. */

/**
 * Its statements are read from the ledger: a `statements` event follows. Our wallet is asked at once what it paid.
 * @param to who asks, and is answered
 */
export const tellAgain = (
  turn: NodeTurn,
  till: Till,
  to: Reach,
  { event, body }: Message<'tab_sync'>,
): void => {
  const key = event.pubkey
  lookSoon(turn, till, key)
  for (const { hold } of turn.state.jobs.values())
    if (hold?.said?.payer === key) {
      const { said, preimage } = hold
      tellSession(turn, to, key, 'paid', { ...paidOf(said), preimage })
    }
  const counted = till.counted.get(key)?.find(({ seq }) => seq === body.paid)
  // Once it is on our disk.
  if (counted) commit(turn, till, [], (later) => tellSession(later, to, key, 'paid', counted))
  const n = tabAt(till.tabs, key)?.n ?? 0
  // The oldest that it lacks first: each may be of a receipt that it lost, and is counted by itself.
  const from = body.since + 1
  if (from <= n) turn.effects.push({ do: 'statements', key, from, limit: STATEMENT_PAGE, to })
}

/** A payment into a tab is credited: it can be said again to another process of the payer's. */
export const noteCounted = ({ counted }: Till, invoice: BookedInvoice): void => {
  const { payer, ref } = invoice
  if (ref !== payer) return
  const before = counted.get(payer) ?? []
  counted.delete(payer)
  counted.set(payer, [paidOf(invoice), ...before].slice(0, COUNTED_EACH))
  if (counted.size > MOST_COUNTED) counted.delete(counted.keys().next().value!)
}

/** Statements of the ledger, as they were signed. */
export const onStatements = (
  turn: NodeTurn,
  { found, to }: Extract<NodeEvent, { type: 'statements' }>,
): void => {
  for (const { text } of found) giveSession(turn, to, text)
}

/** About 4 MB. */
const MOST_COUNTED = 4_096
const COUNTED_EACH = 4
