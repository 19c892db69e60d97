import { Fault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import { sealLetter } from '../../identity/letters.ts'
import { draftOf } from '../../protocol/draft.ts'
import { type Signed, eventText } from '../../protocol/event.ts'
import type { JobId, PubKey } from '../../protocol/ids.ts'
import { isPreimage } from '../../protocol/preimage.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Funding } from './money.ts'
import type { JobProof } from './job-proof.ts'
import type { Offered } from './offered.ts'
import { type ClientJob, type ClientTurn, say } from './state.ts'

/**
 * A router may want to see that jobs are paid. Then each job has an invoice of its own that names this router, paid
 * by the session key: it learns that payment, and nothing of a tab, or of what other sessions of ours do.
 */

/** Offers came: their router says what it wants to see. It holds for the rest of the session. */
export const noteEvidence = ({ state }: ClientTurn, { body }: Message<'offers'>): void => {
  if (state.money && body.evidence === 'proof')
    Object.assign(state.money, { proves: true, off: true })
}

/** What is to be paid so that all that the job may cost there is shown, msat. */
export const unproven = ({ proofs }: ClientJob, { node, ceiling }: Offered): Msat => {
  const shown = proofs.reduce((sum, it) => (it.node === node ? sum + it.msat : sum), 0n)
  return msat(shown < ceiling ? ceiling - shown : 0n)
}

/** An invoice is being paid that is to be shown. */
export const newProof = (node: PubKey, amount: Msat, invoice: Signed): JobProof => ({
  node,
  msat: amount,
  invoice,
  preimage: null,
  paid: null,
  shown: null,
})

/** Our wallet, or its node, says that it is paid: what shows it is kept with the job. */
export const keepProof = (
  { state }: ClientTurn,
  { ref, hash, proof }: Funding,
  said: Partial<Pick<JobProof, 'preimage' | 'paid'>>,
): void => {
  if (!proof) return
  const { preimage } = said
  if (preimage && hash && isPreimage(preimage, hash)) proof.preimage = preimage
  if (said.paid) proof.paid = said.paid
  const proofs = state.jobs.get(ref as JobId)?.proofs
  if ((proof.preimage || proof.paid) && proofs && !proofs.includes(proof)) proofs.push(proof)
}

/** Whether there is something to show for what was paid, or nobody wants to see it. What waits for room paid nothing yet. */
export const canShow = ({ state }: ClientTurn, { ref, node, phase }: Funding): boolean =>
  !state.money!.proves ||
  phase === 'full' ||
  (state.jobs.get(ref as JobId)?.proofs.some((it) => it.node === node) ?? true)

/** The job goes to a node: what shows that it is paid goes before it, each time. */
export const showProofs = (turn: ClientTurn, job: ClientJob, node: PubKey): void => {
  const { state, now, random } = turn
  const { signer, router, net } = state
  for (const proof of job.proofs.filter((it) => it.node === node)) {
    const { invoice, preimage, paid } = proof
    const content = { invoice, preimage, paid: preimage === null ? paid : null }
    const inner = signer.sign(draftOf('proof', content, { now, net, to: router }))
    proof.shown = inner
    say(
      turn,
      'money',
      { sealed: sealLetter(signer, router, eventText(inner), random) },
      { to: router },
    )
  }
}

export const notShown = (): Fault =>
  new Fault(
    'again',
    'proof.none',
    'the router wants to see the payment, and neither wallet nor node show it',
    {
      hint: 'ask another router with --router',
    },
  )
