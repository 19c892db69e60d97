import { type RawFrame } from '../../protocol/frames.ts'
import type { LinkId } from '../wire.ts'
import { type JobRecord, type Turn, stray } from './state.ts'

/** A frame that nobody waits for. */
export const strayFrame = (turn: Turn, link: LinkId, frame: RawFrame): void =>
  stray(turn, link, frame.whole.length)

/** A job was accepted: what came of its body before was no stray. */
export const claimBody = (turn: Turn, job: JobRecord): void => {
  if (job.bodyBytes > 0) stray(turn, job.clientLink, -job.bodyBytes)
}
