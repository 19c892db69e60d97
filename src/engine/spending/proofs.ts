import { type UnixMs, toSec, type UnixSec, unixMs } from '../base/clock.ts'
import type { Msat } from '../base/money.ts'
import type { Change } from '../metering/tab-rows.ts'
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
  /** Payment hashes that count already, the oldest first. */
  taken: Map<PaymentHash, TakenProof>
  /** Those that are not used up, by job, node and client. */
  shown: Map<string, readonly TakenProof[]>
}>

/** What a proof is for. */
export type ProofPlace = Readonly<{ job: string; node: PubKey; client: PubKey }>

/** A payment that counts, as a row of the router's ledger: a restart neither forgets it nor counts it twice. */
export type TakenProof = ProofPlace &
  Readonly<{
    hash: PaymentHash
    msat: Msat
    /** A receipt came for its job there. */
    used: boolean
    /** From then on it is no proof, and need not be known. */
    until: UnixSec
  }>

export type ProofChange = Change<'proofs', TakenProof>

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

/**
 * What an earlier run was shown.
 * @param rows the oldest first
 */
export const openProofs = (rows: readonly TakenProof[] = []): Proofs => {
  const proofs: Proofs = { taken: new Map(), shown: new Map() }
  for (const row of rows) keep(proofs, row)
  return proofs
}

/**
 * Takes what a client shows: a payment that a node of ours asked for, for one job of this client, which this
 * router may see (proofFlaw). A payment hash counts once; shown again for the same job it changes nothing.
 * @returns what changes in the ledger, or the first flaw. Never throws.
 */
export const takeProof = (
  proofs: Proofs,
  proof: Proof,
  { net, router, secp, payOf }: ProofRules,
  now: UnixMs,
): ShownFlaw | readonly ProofChange[] => {
  const read = readSigned(proof.invoice)
  if (typeof read === 'string') return read
  const { terms, invoice } = read
  const hash = invoice.paymentHash
  const place = { job: terms.ref, node: terms.payee, client: proof.signer }
  const before = proofs.taken.get(hash)
  if (before) return placeOf(before) === placeOf(place) && !before.used ? [] : 'pay.repeated'
  const pay = payOf(terms.payee, terms.price as EventId)
  if (!pay) return 'pay.payee'
  const { payee, ref, price } = terms
  const expected = { net, payee, router, for: 'job', ref, price } as const
  const rules = { secp, pinnedKeys: pay.payees, allowMemo: pay.bind === 'memo', now }
  const flaw = proofFlaw(proof, expected, rules)
  if (flaw) return flaw
  const dropped = [...forgetProofs(proofs, now), ...makeRoom(proofs)]
  const row = { ...place, hash, msat: terms.msat, used: false, until: rememberUntil(terms) }
  keep(proofs, row)
  return [...dropped, { do: 'put', table: 'proofs', row }]
}

/** Whether what was shown pays for all that a job may cost there. */
export const isProven = (proofs: Proofs, place: ProofPlace, ceiling: bigint): boolean =>
  (proofs.shown.get(placeOf(place)) ?? []).reduce((sum, it) => sum + it.msat, 0n) >= ceiling

/** A receipt came: what was paid for the job there is used up, whatever it cost. */
export const useProof = (proofs: Proofs, place: ProofPlace): readonly ProofChange[] => {
  const rows = (proofs.shown.get(placeOf(place)) ?? []).map((it) => ({ ...it, used: true }))
  proofs.shown.delete(placeOf(place))
  for (const row of rows) proofs.taken.set(row.hash, row)
  return rows.map((row) => ({ do: 'put', table: 'proofs', row }))
}

/**
 * What is past its time is no proof any more, whether one comes or not.
 * @returns what changes in the ledger
 */
export const forgetProofs = (proofs: Proofs, now: UnixMs): readonly ProofChange[] =>
  [...proofs.taken.values()]
    .filter(({ until }) => until * 1000 <= now)
    .map((row) => drop(proofs, row))

/**
 * The clock was set by so many ms. One that is ahead for a moment must not forget what is used up: it counted again
 * when the clock is right. None is forgotten sooner, since until when one is a proof stands in its terms.
 */
export const shiftProofs = (proofs: Proofs, by: number): void => {
  if (by <= 0) return
  const rows = [...proofs.taken.values()]
  proofs.shown.clear()
  for (const row of rows) keep(proofs, { ...row, until: toSec(unixMs(row.until * 1000 + by)) })
}

const keep = ({ taken, shown }: Proofs, row: TakenProof): void => {
  taken.set(row.hash, row)
  const place = placeOf(row)
  if (!row.used) shown.set(place, [...(shown.get(place) ?? []), row])
}

const placeOf = ({ job, node, client }: ProofPlace): string => `${job} ${node} ${client}`

/** One more than the bound: of the node that has most the oldest goes, of those that are used up where there is one. */
const makeRoom = (proofs: Proofs): readonly ProofChange[] => {
  const { taken } = proofs
  if (taken.size < MOST_PROOFS) return []
  const rows = [...taken.values()]
  const counts = new Map<PubKey, number>()
  for (const { node } of rows) counts.set(node, (counts.get(node) ?? 0) + 1)
  const most = Math.max(...counts.values())
  const ofMost = rows.filter(({ node }) => counts.get(node) === most)
  return [drop(proofs, ofMost.find(({ used }) => used) ?? ofMost[0]!)]
}

const drop = ({ taken, shown }: Proofs, row: TakenProof): ProofChange => {
  taken.delete(row.hash)
  unshow(shown, row)
  return { do: 'drop', table: 'proofs', row }
}

/** Others for the same job count on. */
const unshow = (shown: Proofs['shown'], row: TakenProof): void => {
  const place = placeOf(row)
  const rest = (shown.get(place) ?? []).filter(({ hash }) => hash !== row.hash)
  if (rest.length > 0) shown.set(place, rest)
  else shown.delete(place)
}

/**
 * An honest node signs no other terms for its hash. One that lies can make up as many as it likes, and they push out
 * its own.
 */
export const MOST_PROOFS = 32_768
