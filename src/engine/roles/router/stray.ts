import { FRAME_HEADER_BYTES, type Frame } from '../../protocol/frames.ts'
import type { LinkId } from '../wire.ts'
import { type JobRecord, type Turn, stray } from './state.ts'

/** A frame that nobody waits for. */
export const strayFrame = (turn: Turn, link: LinkId, frame: Frame): void =>
  stray(turn, link, FRAME_HEADER_BYTES + frame.bytes.length)

/** A job was accepted: what came of its body before was no stray. */
export const claimBody = (turn: Turn, job: JobRecord): void => {
  if (job.bodyBytes > 0) stray(turn, job.clientLink, -job.bodyBytes)
}
