import { sha256 } from '../../base/bytes.ts'
import type { ClientJob, ClientTurn } from './state.ts'

/** Nothing more is read or sent for this ticket. */
export const endAttempt = (turn: ClientTurn, job: ClientJob): void => {
  if (!job.attempt) return
  job.attempt.reader.close()
  turn.state.byTag.delete(job.attempt.tag)
  turn.state.deadlines.clear(`credit:${job.id}`)
}

/** The commitment of the node over the input is checked against this. */
export const inputHashOf = (job: ClientJob): Uint8Array => sha256(job.plaintext)
