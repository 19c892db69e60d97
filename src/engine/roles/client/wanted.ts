import { unixMs } from '../../base/clock.ts'
import type { Msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import type { Invoice } from '../../protocol/bolt11/invoice.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { type Terms, parseTerms } from '../../protocol/terms.ts'
import { payableUntil } from '../../spending/invoice-check.ts'
import type { WantedPayment } from '../../spending/journal-rows.ts'

/** What a payee sent, read and not yet checked (spending/invoice-check.ts). */
export type Asked = Readonly<{ text: string; bolt11: string; terms: Terms; invoice: Invoice }>

/** @returns undefined where terms or invoice are none */
export const readInvoice = (
  body: Readonly<{ terms: string; bolt11: string }>,
): Asked | undefined => {
  const terms = parseTerms(body.terms)
  const invoice = decodeBolt11(body.bolt11)
  if (typeof terms === 'string' || typeof invoice === 'string') return undefined
  return { text: body.terms, bolt11: body.bolt11, terms, invoice }
}

/** The payment of an invoice that was checked. @param ref our tab there, or the one job that it is for */
export const wantedOf = (
  { text, bolt11, terms, invoice }: Asked,
  { payee, ref, maxFee }: Readonly<{ payee: PubKey; ref: string; maxFee: Msat }>,
): WantedPayment => ({
  hash: invoice.paymentHash,
  bolt11,
  terms: text,
  payee,
  ref,
  seq: terms.seq,
  purpose: terms.for,
  msat: terms.msat,
  maxFee,
  expiresAt: unixMs(payableUntil(terms, invoice) * 1000),
})
