import { msat } from '../../base/money.ts'
import { jobInvoiceOf, topUpOf } from '../../metering/tab-top-up.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { SheetPay } from '../../protocol/sheet.ts'
import type { Expected } from '../../spending/invoice-check.ts'
import type { ClientMoney, Funding } from './money.ts'
import type { ClientTurn } from './state.ts'
import { owedAt } from './left.ts'

/**
 * What an invoice may ask: at most what is needed or the usual top-up; after a job at most what we owe and agreed to;
 * for a top-up that somebody typed exactly that.
 */
export const amountFor = (
  money: ClientMoney,
  node: PubKey,
  pay: SheetPay,
  terms: { for: string; seq: number },
  one: Funding | undefined,
): Expected['msat'] => {
  // Where it was asked for it pays into the tab, whatever it is called.
  if (terms.for === 'after' && !one) return { most: msat(owedAt(money, node).agreed) }
  // Who said an amount pays that one, whatever the node counts, and whatever a job needs besides.
  if (one?.topUp) return one.needed
  const needed = one?.needed ?? msat(0n)
  const isTab = !one || one.ref === money.tab(node).pubkey
  const most = isTab
    ? topUpOf(terms.seq - 1, needed, pay.granularity)
    : jobInvoiceOf(needed, pay.granularity)
  return { most }
}

/** How a node is paid, by the sheet that its offers or jobs here name. */
export const payOf = ({ state }: ClientTurn, node: PubKey): SheetPay | undefined => {
  for (const { body, event } of state.sheets.values())
    if (event.pubkey === node && body.pay) return body.pay
  return undefined
}
