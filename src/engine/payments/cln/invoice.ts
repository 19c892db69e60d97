import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { termsHash } from '../../protocol/terms.ts'
import { type Backend, nonsense, refused } from '../http.ts'
import type { InvoiceState, InvoiceStatus, InvoiceWish } from '../wallet.ts'
import { amountIn, type Body, bodyOf, faultOf, type Params, runCln } from './rest.ts'

/** An invoice of this label was made before. */
const DUPLICATE = 900

/**
 * Makes an invoice. Its label is made of the terms: where the answer to an earlier try was lost, that invoice is
 * found, and not another one made.
 * @throws Fault those of `Wallet`
 */
export const create = async (to: Backend, wish: InvoiceWish): Promise<Body> => {
  const label = `fedai:${termsHash(wish.terms)}`
  const reply = await runCln(to, 'invoice', {
    amount_msat: `${wish.msat}msat`,
    label,
    description: wish.terms,
    deschashonly: true,
    expiry: wish.expirySec,
  })
  if (reply.ok) return reply.body
  if (reply.error.code !== DUPLICATE) throw faultOf(to, reply.error)
  const before = await listed(to, { label })
  if (before?.status !== 'unpaid') throw refused(to, 'has made an invoice of these terms before')
  return before
}

/** How an invoice stands; null where there is none. */
export const statusOf = async (to: Backend, hash: PaymentHash): Promise<InvoiceStatus | null> => {
  const it = await listed(to, { payment_hash: hash })
  return it && statusIn(to, it, hash)
}

/** @throws Fault `unavailable` `wallet.answer` for what is no invoice, or another one */
export const statusIn = (to: Backend, it: Body, hash: PaymentHash): InvoiceStatus => {
  const state = STATES[String(it.status)]
  if (state === undefined || it.payment_hash !== hash)
    throw nonsense(to, 'of another invoice than was asked')
  return { paymentHash: hash, state, received: state === 'settled' ? receivedIn(to, it) : null }
}

const STATES: Readonly<Record<string, InvoiceState>> = {
  unpaid: 'open',
  paid: 'settled',
  expired: 'canceled',
}

const receivedIn = (to: Backend, it: Body): Msat => {
  const amount = amountIn(it.amount_received_msat)
  if (amount === null) throw nonsense(to, 'without what was paid')
  return msat(amount)
}

const listed = async (to: Backend, by: Params): Promise<Body | null> => {
  const { invoices } = await bodyOf(to, 'listinvoices', by)
  if (!Array.isArray(invoices) || invoices.length > 1)
    throw nonsense(to, 'with something else than an invoice')
  return (invoices[0] as Body | undefined) ?? null
}
