import { Fault } from '../base/fault.ts'
import type { WalletInfo, WalletKind } from './wallet.ts'

/**
 * Whether a payee may go on with a wallet: null, or why not. A node or a router needs only to receive, and a
 * machine that strangers talk to should hold nothing that can be spent. Play money can; nothing is lost with it.
 * @param allowSpending what the operator of a node said in so many words; a router passes false
 * @returns Fault `refused` `wallet.can_spend`, its hint with what makes a credential that only receives
 */
export const spendingFault = (info: WalletInfo, allowSpending: boolean): Fault | null => {
  if (allowSpending || info.kind === 'sim' || info.caps.spend === false) return null
  const what = info.caps.spend
    ? 'can spend'
    : 'may be able to spend: the wallet does not say that it cannot'
  return new Fault(
    'refused',
    'wallet.can_spend',
    `the credential of the ${info.kind} wallet ${what}; whoever sells needs only to receive`,
    { hint: RECEIVE_ONLY[info.kind] },
  )
}

/** What makes a credential that receives and cannot spend, by wallet; docs/wallets/ says the same. */
export const RECEIVE_ONLY: Readonly<Record<WalletKind, string>> = {
  sim: 'nothing to do: play money',
  nwc: 'make a connection in the wallet that may create and look up invoices, without pay_invoice',
  lnd: 'make one with: lncli bakemacaroon --save_to receive.macaroon invoices:read invoices:write',
  cln: `make one with: lightning-cli createrune restrictions='[["method=invoice","method=listinvoices","method=waitanyinvoice","method=getinfo"]]'`,
  phoenixd: 'use the limited password: grep http-password-limited-access ~/.phoenix/phoenix.conf',
  lnbits:
    'use the invoice key of the wallet (API keys and API docs, Invoice/read key), not its admin key',
  address: 'nothing to do: an address cannot spend',
}
