import { BOUNDS } from '../base/bounds.ts'
import type { UnixMs, UnixSec } from '../base/clock.ts'
import type { Msat } from '../base/money.ts'
import { decodeBolt11 } from '../protocol/bolt11/decode.ts'
import { type Bolt11Flaw, type Invoice, fitsNet } from '../protocol/bolt11/invoice.ts'
import { type EcdsaVerifier, payeeOf } from '../protocol/bolt11/payee.ts'
import type { Net } from '../protocol/event.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import {
  type Purpose,
  type Terms,
  type TermsFlaw,
  parseTerms,
  termsHash,
  termsMemo,
} from '../protocol/terms.ts'

/** An invoice as its payee signed it: the exact text of the terms, the BOLT 11, and who signed the event. */
export type SignedInvoice = Readonly<{ terms: string; bolt11: string; signer: PubKey }>

/** What the reader knows without the invoice. */
export type Agreed = Readonly<{
  net: Net
  /** The node or router that is to be paid. */
  payee: PubKey
  payer: PubKey
  router: PubKey | ''
  for: Purpose
  ref: string
  /** The sheet of the offer. Left out: any sheet. */
  price?: EventId | ''
}>

/** What a payer knows besides: the number of this payment, and its amount or what it may be at most. */
export type Expected = Agreed & Readonly<{ seq: number; msat: Msat | Readonly<{ most: Msat }> }>

export type CheckRules = Readonly<{
  secp: EcdsaVerifier
  /** Lightning keys that the payee pins in its manifest, 33 bytes in hex; empty where it pins none. */
  pinnedKeys: readonly string[]
  /** Whether a memo may bind the terms: only where the payee's manifest says that its wallet can do no better. */
  allowMemo?: boolean
  /**
   * Whether the fee of a router may be paid on an invoice that commits to nothing of ours: only where its signed
   * offers say that its wallet can do no better (a Lightning address). The event that the router signed then binds
   * terms and invoice to each other, and the payment hash is in it. Third parties can tell less: whoever asked
   * that address for the invoice, it says the same. Work is never paid so.
   */
  allowUnbound?: boolean
}>

/** Why an invoice is not paid, or a proof proves nothing. Words of BOLT 11 and of terms stand beside these. */
export const PAY_FLAWS = [
  /** Terms, invoice and reader are not on one network. */
  'pay.net',
  /** The event is signed by another key than the payee's. */
  'pay.signer',
  'pay.payee',
  'pay.payer',
  'pay.router',
  'pay.purpose',
  'pay.ref',
  'pay.seq',
  'pay.price',
  /** The invoice leaves the amount open: its preimage proves none. */
  'pay.no_amount',
  /** Invoice, terms and what was expected do not say one amount, or it is over the most. */
  'pay.amount',
  /** The invoice commits to another text. */
  'pay.unbound',
  /** The invoice's signature is nobody's. */
  'pay.signature',
  /** It is signed by a Lightning key that the payee does not pin. */
  'pay.not_pinned',
  /** The money could be locked for too many blocks. */
  'pay.cltv',
  /** Dated over a minute ahead of our clock. */
  'pay.from_future',
  /** Cannot be paid any more, soon cannot, or never could. */
  'pay.expired',
  /** A proof so old that its payment hash may have been forgotten. */
  'pay.stale',
  /** The preimage is not that of the payment hash. */
  'pay.preimage',
  /** The acknowledgement is not the payee's, or of another payment. */
  'pay.acknowledgement',
] as const
export type PayFlaw = Bolt11Flaw | TermsFlaw | (typeof PAY_FLAWS)[number]

/**
 * All that a payer checks before it pays but its own journal and budget (docs/money.md): an invoice is paid
 * only if every party, number and clock says the same.
 *
 * @param when.minLifeSec seconds that it has to be payable for, more than: money that is under way when an
 *   invoice ends is refused by some wallets
 * @returns null, or the first flaw. Never throws.
 */
export const invoiceFlaw = (
  signed: SignedInvoice,
  expected: Expected,
  { now, minLifeSec = 15, ...rules }: CheckRules & Readonly<{ now: UnixMs; minLifeSec?: number }>,
): PayFlaw | null => {
  const read = readSigned(signed)
  if (typeof read === 'string') return read
  const { terms, invoice } = read
  const flaw = disagreement(signed, read, expected, rules)
  if (flaw) return flaw
  if (terms.seq !== expected.seq) return 'pay.seq'
  if (!isAmount(terms.msat, expected.msat)) return 'pay.amount'
  if (invoice.minFinalCltv > BOUNDS.lockedBlocks) return 'pay.cltv'
  if (isFromFuture(read, now)) return 'pay.from_future'
  const leftMs = payableUntil(terms, invoice) * 1000 - now
  return leftMs > minLifeSec * 1000 ? null : 'pay.expired'
}

/** The second from which it cannot be paid any more: the invoice's end or that of the terms. */
export const payableUntil = (
  terms: Pick<Terms, 'exp'>,
  invoice: Pick<Invoice, 'timestamp' | 'expirySec'>,
): UnixSec => Math.min(invoice.timestamp + invoice.expirySec, terms.exp) as UnixSec

/** Terms and invoice as they were read. */
type Read = Readonly<{ terms: Terms; invoice: Invoice }>

export const readSigned = (signed: SignedInvoice): Read | PayFlaw => {
  const terms = parseTerms(signed.terms)
  if (typeof terms === 'string') return terms
  const invoice = decodeBolt11(signed.bolt11)
  return typeof invoice === 'string' ? invoice : { terms, invoice }
}

/** For invoice-check-proof.ts too: where event, terms, invoice and what is known part. The signature comes last: it costs most. */
export const disagreement = (
  signed: SignedInvoice,
  { terms, invoice }: Read,
  agreed: Agreed,
  rules: CheckRules,
): PayFlaw | null => {
  if (terms.net !== agreed.net || !fitsNet(invoice.prefix, agreed.net)) return 'pay.net'
  if (signed.signer !== terms.payee) return 'pay.signer'
  if (terms.payee !== agreed.payee) return 'pay.payee'
  if (terms.payer !== agreed.payer) return 'pay.payer'
  if (terms.router !== agreed.router) return 'pay.router'
  if (terms.for !== agreed.for) return 'pay.purpose'
  if (terms.ref !== agreed.ref) return 'pay.ref'
  if (agreed.price !== undefined && terms.price !== agreed.price) return 'pay.price'
  if (invoice.msat === null) return 'pay.no_amount'
  if (invoice.msat !== terms.msat) return 'pay.amount'
  const mayBeLoose = (rules.allowUnbound ?? false) && agreed.for === 'route'
  if (!mayBeLoose && !isBound(signed.terms, invoice, rules.allowMemo ?? false)) return 'pay.unbound'
  const key = payeeOf(invoice, rules.secp)
  if (key === null) return 'pay.signature'
  return rules.pinnedKeys.length === 0 || rules.pinnedKeys.includes(key) ? null : 'pay.not_pinned'
}

const isBound = (terms: string, invoice: Invoice, allowMemo: boolean): boolean =>
  invoice.descriptionHash === termsHash(terms) ||
  (allowMemo && invoice.description === termsMemo(terms))

const isAmount = (amount: Msat, expected: Expected['msat']): boolean =>
  typeof expected === 'bigint' ? amount === expected : amount <= expected.most

export const isFromFuture = ({ terms, invoice }: Read, now: UnixMs): boolean =>
  Math.max(terms.iat, invoice.timestamp) * 1000 - now > BOUNDS.freshnessMs
