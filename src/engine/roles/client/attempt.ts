import { sha256 } from '../../base/bytes.ts'
import { abandoned } from './paying.ts'
import type { ClientJob, ClientTurn } from './state.ts'

/** Nothing more is read or sent for this ticket. */
export const endAttempt = (turn: ClientTurn, job: ClientJob): void => {
  if (!job.attempt) return
  job.attempt.reader.close()
  abandoned(turn.state, job.attempt)
  turn.state.byTag.delete(job.attempt.tag)
  for (const what of ['credit', 'sync', 'away', 'answered'])
    turn.state.deadlines.clear(`${what}:${job.id}`)
}

/** While the next node is paid, nothing that the one before says counts any more. */
export const leaveWhileFunding = (turn: ClientTurn, job: ClientJob): void => {
  if (job.phase !== 'funding') return
  endAttempt(turn, job)
  job.attempt = null
}

/** The commitment of the node over the input is checked against this. */
export const inputHashOf = (job: ClientJob): Uint8Array => sha256(job.plaintext)
