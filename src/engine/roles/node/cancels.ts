import { unixMs } from '../../base/clock.ts'
import { jobTagOf } from '../../protocol/frames.ts'
import type { Message } from '../../protocol/messages.ts'
import { dropHold } from './holds.ts'
import { pieceCredited } from './owing.ts'
import { conclude, stop } from './records.ts'
import type { NodeJob, NodeTurn } from './state.ts'
import { awaitCredit } from './waiting.ts'

/** A client stops a job of its own, also before it came (docs/protocol.md, cancel). */
export const onCancel = (turn: NodeTurn, message: Message<'cancel'>): void => {
  const { state } = turn
  const { body, event } = message
  const job = state.jobs.get(jobTagOf(body.job, body.ticket))
  if (!job) {
    dropHold(turn, body.job, event.pubkey)
    if (state.cancelled.size >= CANCELLED_KEPT) return
    // By its key too: nobody else's cancel stands in a job's way.
    const key = `${jobTagOf(body.job, body.ticket)} ${event.pubkey}`
    state.cancelled.add(key)
    state.deadlines.set(`cancelled:${key}`, unixMs(turn.now + state.bounds.ticketLifeMaxMs))
    return
  }
  if (job.client !== event.pubkey) return
  // What the client says it has, it has: a signed number, and never beyond what was sent.
  const next = Math.min(body.next, job.frames.length)
  job.writer.credited({ next, allowed: 0 })
  job.chargePrefill = body.seen === 'started' && next === 0 && job.entry.prefill && job.started
  if (job.sentLast && next === job.frames.length) return conclude(turn, job)
  // Whoever left for another ticket has nothing of this one, and pays nothing.
  if (body.seen === 'nothing') return stop(turn, job, 'client_cancelled', null)
  endSoon(turn, job)
}

/**
 * The client cancelled: the runner stops and nothing more is sent. What was on its way then is paid as it
 * arrives; the receipt waits a moment for that, so that nobody who pays is left owing (owing.ts).
 */
const endSoon = (turn: NodeTurn, job: NodeJob): void => {
  // Cancelling again and again buys no time.
  if (job.end?.status === 'client_cancelled') return
  const open = job.phase === 'running' || job.phase === 'ended'
  if (!open || job.writer.acknowledgedSeq() === job.frames.length)
    return stop(turn, job, 'client_cancelled', null)
  turn.state.deadlines.clear(`deadline:${job.tag}`)
  turn.state.deadlines.clear(`flush:${job.tag}`)
  if (job.occupies) turn.effects.push({ do: 'abort', tag: job.tag })
  Object.assign(job, { phase: 'ended', pending: [], pendingBytes: 0, sentLast: true })
  job.end = { finish: 'cancel', status: 'client_cancelled', reason: null }
  pieceCredited(turn, job)
  awaitCredit(turn, job)
}

/** Cancels of jobs that never came are remembered up to this many. */
const CANCELLED_KEPT = 10_000
