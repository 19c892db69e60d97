import { type Msat, msat } from '../../base/money.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { leftOn, owedOn, stillOwed, withDisputed } from '../../spending/ledger.ts'
import type { ClientMoney } from './money.ts'

/** What is left or owed at a node, receipts included that are on their way into the books. */

/** A receipt on its way into the books: on which tab, and what counts of it, msat. */
export type Uncounted = Readonly<{
  node: PubKey
  key: PubKey
  cost: bigint
  disputed: boolean
  /** Its cost is over the ceiling of the job: the tab is broken. */
  isLie: boolean
}>

/** What is paid and not used, below 0 where we owe; receipts count that are not in the books yet. */
export const leftAt = (money: ClientMoney, node: PubKey): bigint =>
  leftOn(money.view(node)) - costOf(uncountedAt(money, node))

/** What we owe there, and what of it we disputed: nothing is paid that would pay that (docs/money.md). */
export const owedAt = (money: ClientMoney, node: PubKey): ReturnType<typeof owedOn> => {
  const view = money.view(node)
  let left = leftOn(view)
  let disputed = stillOwed(view)
  for (const it of uncountedAt(money, node)) {
    left -= it.cost
    if (it.disputed) disputed = withDisputed(disputed, it.cost, left)
  }
  return owedOn(left, disputed)
}

/** Whether the node broke its word about our money; also where the books do not have it yet. */
export const isBroken = (money: ClientMoney, node: PubKey): boolean =>
  money.view(node).broken ||
  [...money.uncounted.values()].some((it) => it.isLie && it.node === node)

/** What is not as it should be with the tab at a node, as a job there tells it. */
export const troubleAt = (
  money: ClientMoney,
  node: PubKey,
): Readonly<{ disputedDebt: Msat; broken: boolean }> => ({
  disputedDebt: msat(owedAt(money, node).disputed),
  broken: isBroken(money, node),
})

/** What of a debt is on its way to its node, msat: nobody owes that who has sent it. */
export const onItsWay = ({ sending }: ClientMoney, node: PubKey, left: bigint): Msat => {
  const sums = [...sending.values()].filter((it) => it.node === node).map(({ msat: sum }) => sum)
  const sent = sums.reduce((all, sum) => all + sum, 0n)
  const owed = left < 0n ? -left : 0n
  return msat(sent < owed ? sent : owed)
}

const uncountedAt = (money: ClientMoney, node: PubKey): Uncounted[] => {
  const { pubkey } = money.tab(node)
  return [...money.uncounted.values()].filter((it) => it.node === node && it.key === pubkey)
}

const costOf = (receipts: readonly Uncounted[]): bigint =>
  receipts.reduce((sum, it) => sum + it.cost, 0n)
