import type { Documents } from '../metering/audit-documents.ts'
import { decodeBolt11 } from '../protocol/bolt11/decode.ts'
import type { Message } from '../protocol/messages.ts'
import { type Terms, parseTerms, termsHash } from '../protocol/terms.ts'

/** An invoice among the documents of an audit, as far as it can be read. */
export type FoundInvoice = Readonly<{
  message: Message<'invoice'>
  terms: Terms
  /** SHA-256 of the exact text of its terms. */
  hash: string
  /** null where the BOLT 11 cannot be read. */
  paymentHash: string | null
}>

export const invoicesIn = (documents: Documents): FoundInvoice[] =>
  documents.of('invoice').map((message) => {
    const { terms: text, bolt11 } = message.body
    const invoice = decodeBolt11(bolt11)
    return {
      message,
      terms: termsIn(message),
      hash: termsHash(text),
      paymentHash: typeof invoice === 'string' ? null : invoice.paymentHash,
    }
  })

/** The terms of an invoice whose schema was checked. */
export const termsIn = ({ body }: Message<'invoice'>): Terms => {
  const terms = parseTerms(body.terms)
  if (typeof terms === 'string') throw new RangeError(`an invoice passed its schema with ${terms}`)
  return terms
}

/** Which tab: of which payer at which payee. */
export const tabOf = (payee: string, payer: string): string => `${payee} ${payer}`
