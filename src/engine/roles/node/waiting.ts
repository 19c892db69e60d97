import { unixMs } from '../../base/clock.ts'
import { waitsForTurn } from './owing.ts'
import type { NodeJob, NodeTurn } from './state.ts'

/** How long a job waits for its reader, who is there and reads, or is away (docs/protocol.md, coming back). */

/**
 * A reader who has paid for all that was sent may think for a while before it wants more (a pager, a slow
 * pipe); one who reads and does not pay may not. Who is known to be away can do neither: then the time for
 * coming back counts, which is longer for a finished result, since that keeps no runner.
 */
export const awaitCredit = (turn: NodeTurn, job: NodeJob): void => {
  const { state, now } = turn
  const { lastCreditWithinMs, stalledMs } = state.bounds
  if (job.end?.status === 'client_cancelled')
    return state.deadlines.set(`credit:${job.tag}`, unixMs(now + LATE_CREDITS_MS))
  if (state.deadlines.has(`away:${job.tag}`)) return job.end ? awaitReader(turn, job) : undefined
  const isPaid = !job.sentLast && job.writer.acknowledgedSeq() === job.frames.length
  // Who was sent nothing, since its key owes for another job, has paid for nothing: four of a thief's keep no slot longer.
  const paid = isPaid && !(job.frames.length === 0 && waitsForTurn(turn, job))
  state.deadlines.set(`credit:${job.tag}`, unixMs(now + (paid ? stalledMs : lastCreditWithinMs)))
}

/**
 * The link, or the client behind it, is away. What runs has `awayMs` for each absence, and its deadline for all. What is
 * finished keeps no runner and waits longer, but once: a link that flaps gives it no more time, a credit for more does.
 * @param waited how long that is so already, ms
 */
export const awaitReader = ({ state, now }: NodeTurn, job: NodeJob, waited = 0): void => {
  const { awayMs, resultWaitsMs } = state.bounds
  if (job.end) job.waitsUntil ??= unixMs(now + Math.max(0, resultWaitsMs - waited))
  state.deadlines.set(`away:${job.tag}`, job.waitsUntil ?? unixMs(now + awayMs))
}

/** How long a cancelled job waits for the credits of what was on its way: the client waits twice that. */
const LATE_CREDITS_MS = 1_000
