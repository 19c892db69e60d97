import { type Msat, msat } from '../../base/money.ts'
import { jobInvoiceOf, topUpOf } from '../../metering/tab-top-up.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { SheetPay } from '../../protocol/sheet.ts'
import type { ClientMoney, Funding } from './money.ts'
import type { ClientTurn } from './state.ts'
import { leftAt } from './tabs.ts'

/** Most that an invoice may ask: what is needed or the usual top-up; after a job no more than what we owe. */
export const mostFor = (
  money: ClientMoney,
  node: PubKey,
  pay: SheetPay,
  terms: { for: string; seq: number },
  one: Funding | undefined,
): Msat => {
  const left = leftAt(money, node)
  // Where it was asked for it pays into the tab, whatever it is called.
  if (terms.for === 'after' && !one) return msat(left < 0n ? -left : 0n)
  // Who said an amount pays that one, whatever the node counts.
  if (one?.topUp && one.jobs.size === 0) return one.needed
  const needed = one?.needed ?? msat(0n)
  const isTab = !one || one.ref === money.tab(node).pubkey
  return isTab
    ? topUpOf(terms.seq - 1, needed, pay.granularity)
    : jobInvoiceOf(needed, pay.granularity)
}

/** How a node is paid, by the sheet that its offers or jobs here name. */
export const payOf = ({ state }: ClientTurn, node: PubKey): SheetPay | undefined => {
  for (const { body, event } of state.sheets.values())
    if (event.pubkey === node && body.pay) return body.pay
  return undefined
}
