import type { UnixMs, UnixSec } from '../base/clock.ts'
import type { PubKey } from '../protocol/ids.ts'
import { isPreimage } from '../protocol/preimage.ts'
import type { Terms } from '../protocol/terms.ts'
import {
  type Agreed,
  type CheckRules,
  type PayFlaw,
  type SignedInvoice,
  disagreement,
  isFromFuture,
  payableUntil,
  readSigned,
} from './invoice-check.ts'

/** What a payer shows: the invoice, its own key, and the preimage or the payee's signed word that it was paid. */
export type Proof = Readonly<{
  invoice: SignedInvoice
  /** Who signed the proof. */
  signer: PubKey
  evidence:
    Readonly<{ preimage: string }> | Readonly<{ paid: { signer: PubKey; paymentHash: string } }>
}>

/**
 * A router's or an auditor's check of a payment. It shows that the payee's invoice for these terms was
 * honoured, and for whom; a payee can make such proofs up for itself, so it says nothing about volume, and a
 * payee itself believes only its own wallet.
 *
 * Once only: who acts on a proof keeps its payment hash until `rememberUntil`, and refuses it again.
 *
 * @param when.now null for an auditor, who may read it a year later
 * @returns null, or the first flaw. Never throws.
 */
export const proofFlaw = (
  { invoice: signed, signer, evidence }: Proof,
  expected: Omit<Agreed, 'payer'>,
  { now, ...rules }: CheckRules & Readonly<{ now: UnixMs | null }>,
): PayFlaw | null => {
  const read = readSigned(signed)
  if (typeof read === 'string') return read
  const { terms, invoice } = read
  const flaw = disagreement(signed, read, { ...expected, payer: signer }, rules)
  if (flaw) return flaw
  if (payableUntil(terms, invoice) <= Math.max(terms.iat, invoice.timestamp)) return 'pay.expired'
  if (now !== null && isFromFuture(read, now)) return 'pay.from_future'
  if (now !== null && now >= rememberUntil(terms) * 1000) return 'pay.stale'
  if ('preimage' in evidence)
    return isPreimage(evidence.preimage, invoice.paymentHash) ? null : 'pay.preimage'
  const { paid } = evidence
  const acknowledged = paid.signer === terms.payee && paid.paymentHash === invoice.paymentHash
  return acknowledged ? null : 'pay.acknowledgement'
}

/** Until when a payment hash that was taken as proof is kept: from then on the proof is `pay.stale`. */
export const rememberUntil = (terms: Pick<Terms, 'exp'>): UnixSec =>
  (terms.exp + REMEMBERED_SEC) as UnixSec

/** A day: who was offline meanwhile can still show what it paid. */
const REMEMBERED_SEC = 86_400
