import { type UnixMs, unixMs } from '../../base/clock.ts'
import { tagValue } from '../../protocol/event.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { carried } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import { termsHash } from '../../protocol/terms.ts'
import type { Proof } from '../../spending/invoice-check-proof.ts'
import {
  type ProofChange,
  type ProofPlace,
  forgetProofs,
  isProven,
  takeProof,
  useProof,
} from '../../spending/proofs.ts'
import type { LinkId } from '../wire.ts'
import { type RouterState, type Turn, accept, decline } from './state.ts'

/** Where this router wants to see that jobs are paid: what clients show it, and which jobs that is enough for. */

/** The proof of a payment, in a letter (26437) of the session whose job it is for. */
export const onProof = (
  turn: Turn,
  link: LinkId,
  message: Message<'money'>,
  inner: Message<'proof'>,
): void => {
  const { state, now } = turn
  const { proofs, signer, net } = state
  if (!proofs) return decline(turn, link, message, 'restricted: this router takes no proofs')
  const isOwn = inner.event.pubkey === message.event.pubkey
  const proof = isOwn && read(state, inner)
  if (!proof) return decline(turn, link, message, 'invalid: proof')
  const payOf = (node: PubKey, sheet: string) =>
    state.nodes.get(node)?.sheets.get(sheet as never)?.pay
  const rules = { net, router: signer.pubkey, secp: proofs.secp, payOf }
  const taken = takeProof(proofs, proof, rules, now)
  if (typeof taken === 'string')
    return decline(turn, link, message, `restricted: no proof of payment (${taken})`)
  write(turn, taken)
  awaitOld(state, now)
  accept(turn, link, message)
}

/**
 * Looks for what is past its time as long as there is some that will be. Not at once when the router begins: its clock
 * may be set right then.
 */
export const awaitOld = (state: RouterState, now: UnixMs): void => {
  const proofs = state.proofs ?? state.oldProofs
  if (proofs && proofs.taken.size > 0 && !state.deadlines.has(LOOK))
    state.deadlines.set(LOOK, unixMs(now + LOOK_MS))
}

/** What is past its time goes, from the disk, too. */
export const onOldProofs = (turn: Turn): void => {
  const { state, now } = turn
  const proofs = state.proofs ?? state.oldProofs
  if (proofs) write(turn, forgetProofs(proofs, now))
  awaitOld(state, now)
}

/** A receipt came: written before it is, so that no job is routed for the same payment after a restart. */
export const useShown = (turn: Turn, place: ProofPlace): void => {
  const { proofs } = turn.state
  if (proofs) write(turn, useProof(proofs, place))
}

/** Whether a job was shown to be paid, as far as this router wants to see it. */
export const isShown = (
  { proofs }: RouterState,
  { event, body }: Message<'job' | 'rewrap'>,
): boolean => {
  if (!proofs || body.ceiling === 0n) return true
  const node = tagValue(event, 'p') as PubKey
  return isProven(proofs, { job: body.job, node, client: event.pubkey }, body.ceiling)
}

/** Answers a job that nobody was shown to pay. */
export const NOT_PROVEN = 'restricted: no proof of payment'

/** Its terms name the job, so that nobody has to wait until it is on the disk. */
const write = ({ effects }: Turn, changes: readonly ProofChange[]): void => {
  if (changes.length > 0) effects.push({ do: 'commit', id: UNHEARD, changes })
}

const LOOK = 'proofs:'
const LOOK_MS = 60_000

/** Of no commit that something follows from (counter.ts). */
const UNHEARD = -1

/** What a proof holds; undefined where an event in it is not what it must be. Signatures that decide nothing are not verified. */
const read = (state: RouterState, { event, body }: Message<'proof'>): Proof | undefined => {
  const invoice = carried(body.invoice, 'invoice', event, state)
  if (isRefusal(invoice)) return undefined
  const { terms, bolt11 } = invoice.body
  const signed = { terms, bolt11, signer: invoice.event.pubkey }
  const shown = { invoice: signed, signer: event.pubkey }
  if (body.preimage !== null) return { ...shown, evidence: { preimage: body.preimage } }
  if (body.paid === null) return undefined
  const paid = carried(body.paid, 'paid', event, state)
  // What is held can come back.
  if (isRefusal(paid) || paid.body.held || paid.body.terms !== termsHash(terms)) return undefined
  const said = { signer: paid.event.pubkey, paymentHash: paid.body.payment_hash }
  return { ...shown, evidence: { paid: said } }
}
