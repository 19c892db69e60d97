import { sha256 } from '../../base/bytes.ts'
import { abandoned } from './paying.ts'
import type { ClientJob, ClientTurn } from './state.ts'

/** Nothing more is read or sent for this ticket. */
export const endAttempt = (turn: ClientTurn, job: ClientJob): void => {
  if (!job.attempt) return
  job.attempt.reader.close()
  abandoned(turn.state, job.attempt)
  turn.state.byTag.delete(job.attempt.tag)
  // One that is over had a receipt, which says it, or says it itself (ending.ts).
  if (job.phase !== 'over') drawsNoMore(turn, job)
  for (const what of ['credit', 'sync', 'away', 'answered'])
    turn.state.deadlines.clear(`${what}:${job.id}`)
}

/** A job without a receipt draws on no tab any more. */
export const drawsNoMore = (turn: ClientTurn, job: ClientJob): void => {
  const { draw, lock } = job.attempt!
  turn.state.deadlines.clear(`drawing:${job.id}`)
  if (draw && !lock) turn.effects.push({ do: 'drawn', job: job.id })
}

/** While the next node is paid, nothing that the one before says counts any more. */
export const leaveWhileFunding = (turn: ClientTurn, job: ClientJob): void => {
  if (job.phase !== 'funding') return
  endAttempt(turn, job)
  job.attempt = null
}

/** The commitment of the node over the input is checked against this. */
export const inputHashOf = (job: ClientJob): Uint8Array => sha256(job.plaintext)
