import type { PubKey } from '../../protocol/ids.ts'
import type { ClientTurn } from './state.ts'

/** Invoices that nobody asked for: the next top-up, or what is owed after a job. */

/** Whether a receipt of that node's is still to come. */
export const hasDrawn = ({ state }: ClientTurn, node: PubKey): boolean =>
  [...state.jobs.values()].some(
    ({ attempt, phase }) => attempt?.drawn && attempt.offered.node === node && phase !== 'over',
  )

/** What nobody waits for is paid where it is owed; or, after a job that left the tab low, once. */
export const isWelcome = (
  { state, now }: ClientTurn,
  node: PubKey,
  { for: purpose, ref }: { for: string; ref: string },
): boolean => {
  const money = state.money!
  const isTab = ref === money.tab(node).pubkey
  if (money.off) return purpose === 'after' && money.owing.get(ref) === node
  if (purpose === 'after') return isTab
  const until = money.low.get(node)
  money.low.delete(node)
  return until !== undefined && now < until && isTab
}
