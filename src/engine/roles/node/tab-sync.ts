import type { Message } from '../../protocol/messages.ts'
import { STATEMENT_PAGE } from '../../protocol/sync.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import { tabAt } from '../../metering/tab.ts'
import { lookSoon, paidOf } from '../counter.ts'
import { giveTab, tellTab } from './reach.ts'
import type { NodeTurn } from './state.ts'
import type { Till } from './till.ts'

/** What a tab was told before, for a client that lost it (26435 about a tab). */

/** Its statements are read from the ledger: a `statements` event follows. Our wallet is asked at once what it paid. */
export const tellAgain = (
  turn: NodeTurn,
  till: Till,
  { event, body }: Message<'tab_sync'>,
): void => {
  const key = event.pubkey
  lookSoon(turn, till, key)
  for (const { hold } of turn.state.jobs.values())
    if (hold?.said?.payer === key) {
      const { said, preimage } = hold
      tellTab(turn, till, key, 'paid', { ...paidOf(said), preimage })
    }
  const n = tabAt(till.tabs, key)?.n ?? 0
  // The oldest that it lacks first: each may be of a receipt that it lost, and is counted by itself.
  const from = body.since + 1
  if (from <= n) turn.effects.push({ do: 'statements', key, from, limit: STATEMENT_PAGE })
}

/** Statements of the ledger, as they were signed. */
export const onStatements = (turn: NodeTurn, found: readonly SignedStatement[]): void => {
  const { till } = turn.state
  for (const { key, text } of found) if (till) giveTab(turn, till, key, text)
}
