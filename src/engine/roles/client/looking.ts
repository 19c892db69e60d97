import { unixMs } from '../../base/clock.ts'
import { onInvoice } from './invoices.ts'
import { paidByOthers } from './settling.ts'
import type { ClientTurn } from './state.ts'
import { askTab } from './tabs.ts'
import { asksAt, isOwing, tellCovered } from './telling.ts'

/**
 * Several processes of one user share tabs, and a node tells its news of an invoice to one of them (docs/protocol.md,
 * sealed money). So who waits for a payment looks in the user's own ledger whether another one has made it, and asks
 * the node where it hears nothing. Only while something is waited for.
 */

/** Something is waited for that another process may do: looks soon. Called at the end of each decision. */
export const keepLooking = (turn: ClientTurn): void => {
  const { money, deadlines } = turn.state
  if (!money || deadlines.has(LOOK) || !mayBeOthers(turn)) return
  deadlines.set(LOOK, unixMs(turn.now + LOOK_EVERY_MS))
}

/** A `look:` deadline fell due. */
export const onLookDue = (turn: ClientTurn): void => {
  const { state, now, effects } = turn
  const { due, off, view } = state.money!
  effects.push({ do: 'look' })
  for (const [node, { until }] of due) if (now >= until) due.delete(node)
  if (due.size > 0) lookAgain(turn)
  // The node may have told what is owed to a process that is gone.
  if (!off) for (const node of asksAt(turn)) askTab(turn, node, view(node).seq + 1)
}

/** The books may say more than before. */
export const lookAgain = (turn: ClientTurn): void => {
  const { due, funding } = turn.state.money!
  for (const one of funding.values()) paidByOthers(turn, one)
  // What does not fit yet comes back into it.
  const waiting = [...due]
  due.clear()
  for (const [node, one] of waiting) {
    onInvoice(turn, node, one.message)
    const again = due.get(node)
    if (again) due.set(node, { ...again, until: one.until })
  }
  tellCovered(turn)
}

const mayBeOthers = (turn: ClientTurn): boolean => {
  const { funding, packs, due } = turn.state.money!
  const isWaiting = [...funding.values()].some(
    ({ phase }) => phase === 'paying' || phase === 'asked',
  )
  return isWaiting || packs.buying?.phase === 'paying' || due.size > 0 || isOwing(turn)
}

const LOOK = 'look:'
/** A process looks in a file of its own machine. */
const LOOK_EVERY_MS = 100
