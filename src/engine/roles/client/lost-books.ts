import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { showLeft } from '../../base/money.ts'
import { npub } from '../../identity/keys.ts'
import type { Has } from '../../protocol/has.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Terms } from '../../protocol/terms.ts'
import { CREDITED_MS } from '../../spending/ledger-findings.ts'
import { leftAt } from './left.ts'
import type { ClientMoney } from './money.ts'
import type { ClientTurn } from './state.ts'

/**
 * A node whose ledger has nothing of our tab: it was lost, or another one lies in its place. No job there draws on what
 * was paid, and nothing more is paid: its payments and statements would be numbered anew, against what it signed before.
 * So it is left alone, and not for ever: its operator may bring the ledger back.
 */
export const noteLost = ({ state, now, effects }: ClientTurn, node: PubKey): void => {
  const { lost, off, proves } = state.money!
  // Of a session's key there is nothing to show.
  if (!off && !proves) effects.push({ do: 'lost', node })
  lost.add(node)
  if (lost.size > MOST_LOST) lost.delete(lost.keys().next().value!)
  state.deadlines.set(`lost:${node}`, unixMs(now + LOST_MS))
}

/** What we say that we have of our tab with each letter for an invoice and each draw: a node whose ledger has less refuses. */
export const hasOf = ({ view }: ClientMoney, node: PubKey): { has?: Has } => {
  const { n, seq } = view(node)
  return n > 0 || seq > 0 ? { has: { n, seq } } : {}
}

/** A `lost:` deadline fell due: it is asked again. */
export const onLostDue = ({ state }: ClientTurn, node: PubKey): void =>
  void state.money?.lost.delete(node)

/**
 * Whether an invoice for our tab shows it: a minute after our last payment was there it is numbered before that one,
 * which it gave a number itself; or as that one, which it had, since it did a job on it, or has said before that it knows
 * of none. Else its wallet may not have told it yet.
 */
export const forgetsUs = ({ view }: ClientMoney, node: PubKey, { seq, iat }: Terms): boolean => {
  const { seq: last, paidAt, lostAt, n } = view(node)
  const hadLast = lostAt !== null || (last === 1 && n > 0)
  const isBefore = seq < last || (seq === last && hadLast)
  return isBefore && paidAt !== null && iat * 1000 > paidAt + CREDITED_MS
}

export const lostTab = (money: ClientMoney, node: PubKey): Fault => {
  const left = leftAt(money, node)
  const what = left > 0n ? `: ${showLeft(left)} that you have paid there are not counted` : ''
  return new Fault('verification', 'tab.lost', `this node does not know your tab any more${what}`, {
    hint: `ask another node: --where deny:${npub(node)}\nwhere no other does it there: another router (--router), or each job alone (--tab off)\nonly its operator can bring them back, with the ledger that it had`,
  })
}

const LOST_MS = 10 * 60_000
const MOST_LOST = 1_024
