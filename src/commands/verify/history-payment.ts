import { fromHex, sha256, toHex } from '../../engine/base/bytes.ts'
import type { Secp256k1 } from '../../engine/identity/seams.ts'
import { decodeBolt11 } from '../../engine/protocol/bolt11/decode.ts'
import { type Invoice, fitsNet } from '../../engine/protocol/bolt11/invoice.ts'
import { payeeOf } from '../../engine/protocol/bolt11/payee.ts'
import { NETS } from '../../engine/protocol/event.ts'
import { parseTerms, termsHash, termsMemo } from '../../engine/protocol/terms.ts'
import { entryFields } from '../pay/shape.ts'
import type { Fields } from './documents.ts'

export type Flaw = Readonly<{ check: string; detail: string }>

/** One payment of a history against its own invoice, and the terms that this carries. @returns the first flaw, or null */
export const flawOf = (it: Fields, net: unknown, secp: Secp256k1): Flaw | null => {
  const known = NETS.find((one) => one === net)
  if (!known) return { check: 'net', detail: 'stands under a network that there is not' }
  const invoice = decodeBolt11(textOf(it['invoice']))
  if (typeof invoice === 'string')
    return { check: 'invoice', detail: `has an invoice that cannot be read: ${invoice}` }
  if (payeeOf(invoice, secp) === null)
    return { check: 'invoice', detail: 'has an invoice whose Lightning signature is nobody’s' }
  if (!fitsNet(invoice.prefix, known))
    return { check: 'net', detail: `has an invoice of another network than ${known}` }
  if (invoice.paymentHash !== it['hash'])
    return { check: 'hash', detail: 'has another payment hash than its invoice' }
  if (String(invoice.msat) !== it['amount_msat'])
    return { check: 'amount', detail: 'has another amount than its invoice' }
  const preimage = it['preimage'] ?? null
  if (preimage !== null && hashOf(preimage) !== invoice.paymentHash)
    return { check: 'preimage', detail: 'has the preimage of another payment' }
  if (preimage !== null && it['state'] !== 'settled')
    return { check: 'state', detail: 'has a preimage, so it was paid, and is not called settled' }
  return termsFlaw(it, known, invoice) ?? shapeFlaw(it)
}

/** Whether the invoice says who is paid, and for what: its hash or memo binds the terms that stand beside it. */
export const carriesTerms = (it: Fields): boolean => {
  const invoice = decodeBolt11(textOf(it['invoice']))
  return typeof invoice !== 'string' && isBound(textOf(it['terms']), invoice)
}

const isBound = (terms: string, invoice: Invoice): boolean =>
  terms !== '' &&
  (invoice.descriptionHash === termsHash(terms) || invoice.description === termsMemo(terms))

const termsFlaw = (it: Fields, net: string, invoice: Invoice): Flaw | null => {
  const text = it['terms'] ?? null
  // What stands without them is named as not checked; a router's fee may be asked for by an invoice that carries none.
  if (text === null || (it['purpose'] === 'route' && !carriesTerms(it))) return null
  if (!isBound(textOf(text), invoice))
    return { check: 'terms', detail: 'has terms that its invoice does not carry' }
  const terms = parseTerms(textOf(text))
  if (typeof terms === 'string')
    return { check: 'terms', detail: `has terms that cannot be read: ${terms}` }
  const said = { net, payee: it['payee'], ref: it['ref'], seq: it['seq'], purpose: it['purpose'] }
  const proven = { ...terms, purpose: terms.for }
  for (const field of ['net', 'payee', 'ref', 'seq', 'purpose'] as const)
    if (said[field] !== proven[field])
      return { check: field, detail: `has another ${field} than its invoice was made out for` }
  if (terms.msat !== invoice.msat)
    return { check: 'amount', detail: 'has another amount than its invoice was made out for' }
  return null
}

/** A field that is none, such as a seq that is a text: whoever reads on would take it for something else. */
const shapeFlaw = (it: Fields): Flaw | null => {
  const field = entryFields.partial().safeParse(it).error?.issues[0]?.path[0]
  if (field === undefined) return null
  return { check: 'shape', detail: `has a ${String(field)} that is none` }
}

const hashOf = (preimage: unknown): string | null => {
  const text = textOf(preimage)
  return /^[0-9a-f]{64}$/.test(text) ? toHex(sha256(fromHex(text))) : null
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
