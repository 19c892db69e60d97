import type { UnixMs, UnixSec } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import type { EcdsaVerifier } from '../protocol/bolt11/payee.ts'
import type { Net } from '../protocol/event.ts'
import type { EventId, PaymentHash, PubKey } from '../protocol/ids.ts'
import type { SheetPay } from '../protocol/sheet.ts'
import { type Proof, proofFlaw, rememberUntil } from './invoice-check-proof.ts'
import { type PayFlaw, readSigned } from './invoice-check.ts'

/**
 * What a router was shown of payments, each for one job at one node by one client. A top-up is no proof: its terms
 * name no router, and it does not say which jobs it was for. Changed in place.
 */
export type Proofs = Readonly<{
  /** What was asked for earlier may have been used up in an earlier run. */
  startedAt: UnixSec
  /** Payment hashes that count already, the oldest first, and for what. */
  taken: Map<PaymentHash, Readonly<{ place: string; until: UnixSec }>>
  /** What is shown and not used up, by job, node and client. */
  shown: Map<string, Msat>
}>

/** What a proof is for. */
export type ProofPlace = Readonly<{ job: string; node: PubKey; client: PubKey }>

/** What a router knows. */
export type ProofRules = Readonly<{
  net: Net
  router: PubKey
  secp: EcdsaVerifier
  /** How a node of its own is paid by a sheet; undefined where it has no such. */
  payOf: (node: PubKey, sheet: EventId) => SheetPay | undefined
}>

/** `pay.repeated`: its payment hash counts for something else, or is used up. */
export type ShownFlaw = PayFlaw | 'pay.repeated'

export const newProofs = (startedAt: UnixSec): Proofs => ({
  startedAt,
  taken: new Map(),
  shown: new Map(),
})

/**
 * Takes what a client shows: a payment that a node of ours asked for, for one job of this client, which this
 * router may see (proofFlaw). A payment hash counts once; shown again for the same job it changes nothing.
 * @returns null, or the first flaw. Never throws.
 */
export const takeProof = (
  proofs: Proofs,
  proof: Proof,
  { net, router, secp, payOf }: ProofRules,
  now: UnixMs,
): ShownFlaw | null => {
  const read = readSigned(proof.invoice)
  if (typeof read === 'string') return read
  const { terms, invoice } = read
  const place = placeOf({ job: terms.ref, node: terms.payee, client: proof.signer })
  const before = proofs.taken.get(invoice.paymentHash)
  if (before) return before.place === place && proofs.shown.has(place) ? null : 'pay.repeated'
  const pay = payOf(terms.payee, terms.price as EventId)
  if (!pay) return 'pay.payee'
  if (terms.iat < proofs.startedAt) return 'pay.stale'
  const { payee, ref, price } = terms
  const expected = { net, payee, router, for: 'job', ref, price } as const
  const rules = { secp, pinnedKeys: pay.payees, allowMemo: pay.bind === 'memo', now }
  const flaw = proofFlaw(proof, expected, rules)
  if (flaw) return flaw
  forget(proofs, now)
  proofs.taken.set(invoice.paymentHash, { place, until: rememberUntil(terms) })
  proofs.shown.set(place, msat((proofs.shown.get(place) ?? 0n) + terms.msat))
  return null
}

/** Whether what was shown pays for all that a job may cost there. */
export const isProven = (proofs: Proofs, place: ProofPlace, ceiling: bigint): boolean =>
  (proofs.shown.get(placeOf(place)) ?? 0n) >= ceiling

/** A receipt came: what was paid for the job there is used up, whatever it cost. */
export const useProof = (proofs: Proofs, place: ProofPlace): void =>
  void proofs.shown.delete(placeOf(place))

const placeOf = ({ job, node, client }: ProofPlace): string => `${job} ${node} ${client}`

/**
 * What is past its time is no proof any more. Beyond the bound the oldest goes: an honest node signs no other terms
 * for its hash, and one that lies can make up as many as it likes.
 */
const forget = ({ taken, shown }: Proofs, now: UnixMs): void => {
  for (const [hash, { place, until }] of taken) {
    if (until * 1000 > now && taken.size < MOST_PROOFS) return
    taken.delete(hash)
    shown.delete(place)
  }
}

export const MOST_PROOFS = 32_768
