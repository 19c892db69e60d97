import type { Msat } from '../../base/money.ts'
import { LEAST_INVOICE } from '../../protocol/terms.ts'
import type { PayFailure, Payment } from '../payer.ts'
import { balance, move } from './accounts.ts'
import { type Invoice, invoiceOf } from './invoices.ts'
import type { SimLedger } from './ledger.ts'
import { HELD, ROUTING } from './schema.ts'

/** What somebody wants to pay, as its invoice says it. */
export type Order = Readonly<{
  payer: string
  hash: Invoice['hash']
  bolt11: string
  /** ms since 1970 */
  expires: number
  /** What routing costs, and may cost. */
  fee: Msat
  maxFee: Msat
}>

/**
 * Within a deed: pays an invoice, or says how its payment stands that was begun before.
 * @param now ms since 1970
 */
export const payOrder = (ledger: SimLedger, order: Order, now: number): Payment => {
  const { payer, hash, fee } = order
  const it = invoiceOf(ledger, hash)
  if (it?.payer === payer) return paymentOf(it)
  const reason = flawOf(ledger, order, it, now)
  if (reason !== null || it === null) return { state: 'failed', reason: reason ?? 'elsewhere' }
  const held = it.preimage === null
  move(ledger, { giver: payer, taker: held ? HELD : it.payee, amount: it.msat, hash, at: now })
  move(ledger, { giver: payer, taker: held ? HELD : ROUTING, amount: fee, hash, at: now })
  const state = held ? 'accepted' : 'settled'
  ledger
    .sql<never, [string, string, bigint, bigint, string]>(
      'UPDATE invoices SET state = ?, payer = ?, fee = ?, change = ? WHERE hash = ?',
    )
    .run(state, payer, fee, ledger.change(), hash)
  return paymentOf({ ...it, state, fee })
}

/** Why nothing moves, in the order in which Lightning would find out. */
const flawOf = (
  ledger: SimLedger,
  order: Order,
  it: Invoice | null,
  now: number,
): PayFailure | null => {
  if (now >= order.expires) return 'expired'
  // Signed as it may be, it is of no account here: each home has a ledger of its own.
  if (!it) return 'elsewhere'
  // Another text of the same hash: somebody made it up, or changed it.
  if (it.bolt11 !== order.bolt11 || it.payee === order.payer || it.state !== 'open')
    return 'rejected'
  // Lightning carries no less, so play money does not either: who tries finds out here.
  if (it.msat < LEAST_INVOICE) return 'no_route'
  if (order.fee > order.maxFee) return 'over_fee'
  return balance(ledger, order.payer) < it.msat + order.fee ? 'no_balance' : null
}

/** How a payment stands for its payer; the preimage of one that is not settled stays where it is. */
export const paymentOf = ({ state, preimage, fee }: Invoice): Payment => {
  if (state === 'settled') return { state, preimage, fee }
  return state === 'accepted' ? { state: 'inflight' } : { state: 'failed', reason: 'rejected' }
}
