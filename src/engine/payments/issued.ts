import type { Msat } from '../base/money.ts'
import { decodeBolt11 } from '../protocol/bolt11/decode.ts'
import { type Invoice, fitsNet } from '../protocol/bolt11/invoice.ts'
import type { Net } from '../protocol/event.ts'
import { termsHash, termsMemo } from '../protocol/terms.ts'
import { type Named, nonsense, refused } from './http.ts'
import type { Caps, InvoiceWish, Issued } from './wallet.ts'

/**
 * What a wallet gave, once it is the invoice that was wished for: network, amount, hash of the terms, and the
 * payment hash of which it spoke itself or which is to be held. Whatever a wallet or somebody in between
 * changed would else be found by the payer, who then trusts the payee no more.
 * @param said.bolt11 and `said.paymentHash` as they came, unchecked
 * @throws Fault `unavailable` `wallet.answer`
 */
export const issued = (
  from: Named,
  said: Readonly<{ bolt11: unknown; paymentHash?: unknown }>,
  wish: InvoiceWish,
  { net, bind }: Readonly<{ net: Net; bind: Caps['bind'] }>,
): Issued => {
  const invoice = readInvoice(from, said.bolt11, net)
  if (invoice.msat !== wish.msat) throw nonsense(from, 'with an invoice of another amount')
  if (!isBound(invoice, wish.terms, bind))
    throw nonsense(from, 'with an invoice that does not name its terms')
  const hash = wish.hold ?? said.paymentHash ?? invoice.paymentHash
  if (invoice.paymentHash !== hash) throw nonsense(from, 'with an invoice of another payment hash')
  return { bolt11: String(said.bolt11), paymentHash: invoice.paymentHash }
}

/**
 * An invoice that a wallet gave, on the network that is configured.
 * @throws Fault `unavailable` `wallet.answer`
 */
export const readInvoice = (from: Named, bolt11: unknown, net: Net): Invoice => {
  const invoice = typeof bolt11 === 'string' ? decodeBolt11(bolt11) : 'bolt11.text'
  if (typeof invoice === 'string') throw nonsense(from, 'with something else than an invoice')
  if (!fitsNet(invoice.prefix, net)) throw nonsense(from, 'with an invoice of another network')
  return invoice
}

/**
 * Nothing is asked of a wallet that it cannot make.
 * @throws Fault `unavailable` `wallet.refused`
 */
export const checkWish = (
  from: Named,
  { msat, hold }: InvoiceWish,
  caps: Readonly<{ granularity: Msat; hold: boolean }>,
): void => {
  if (hold && !caps.hold) throw refused(from, 'holds no invoices')
  if (msat > 0n && msat % caps.granularity === 0n) return
  throw refused(from, caps.granularity === 1n ? 'makes no invoice of nothing' : 'counts whole sats')
}

export const isBound = (invoice: Invoice, terms: string, bind: Caps['bind']): boolean => {
  if (bind === 'none') return true
  if (bind === 'memo') return invoice.description === termsMemo(terms)
  return invoice.descriptionHash === termsHash(terms)
}
