import type { PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import { unixMs } from '../../base/clock.ts'
import { giveTab } from './reach.ts'
import type { NodeTurn } from './state.ts'
import type { Till } from './till.ts'

/** What a tab was told before, for a client that lost it (26435 about a tab). */

/** Its statements are read from the ledger: a `statements` event follows. What it paid is looked for now. */
export const tellAgain = (
  turn: NodeTurn,
  till: Till,
  { event, body }: Message<'tab_sync'>,
): void => {
  const key = event.pubkey
  lookSoon(turn, till, key)
  const n = till.tabs.tabs.get(key)?.n ?? 0
  // The newest say all that those before them do, and more.
  const from = Math.max(body.since, n - MOST_STATEMENTS) + 1
  if (from <= n) turn.effects.push({ do: 'statements', key, from, limit: MOST_STATEMENTS })
}

/** Statements of the ledger, as they were signed. */
export const onStatements = (turn: NodeTurn, found: readonly SignedStatement[]): void => {
  const { till } = turn.state
  for (const { key, text } of found) if (till) giveTab(turn, till, key, text)
}

/** Asks our wallet for the invoice that a tab can pay, at once, but not more than once a second. */
export const lookSoon = ({ state, now }: NodeTurn, { book }: Till, key: PubKey): void => {
  const hash = book.live.get(`${key} ${key}`)
  if (!hash || state.deadlines.has(`looked:${hash}`)) return
  state.deadlines.set(`looked:${hash}`, unixMs(now + LOOK_EVERY_MS))
  book.deadlines.set(`ask:${hash}`, now)
  state.deadlines.set('book:', now)
}

/** Each is a letter of its own. */
const MOST_STATEMENTS = 16
const LOOK_EVERY_MS = 1_000
