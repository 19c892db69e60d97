import { unixMs } from '../../base/clock.ts'
import type { EventId } from '../../protocol/ids.ts'
import { endJob, releaseNode, resetPlacing, watch } from './ending.ts'
import { learn } from './learning.ts'
import { hold, usable } from './pool.ts'
import type { Placing } from './placing.ts'
import { type JobRecord, type MoveReason, type Turn, say } from './state.ts'

/** A job that does not go on where it is: to its next ticket, or to its end. */

/** No `accepted` within its second: on to the next ticket. */
export const onSilence = (turn: Turn, job: JobRecord): void => {
  const placing = job.placings.at(-1)
  if (!placing || job.phase !== 'forwarded') return
  releaseNode(turn, placing)
  learnFault(turn, placing)
  moveOn(turn, job, placing.ticket, 'silent')
}

/** Its node is gone. Before the first output frame the job moves; after it the client decides. */
export const onNodeLost = (turn: Turn, job: JobRecord, placing: Placing): void => {
  releaseNode(turn, placing)
  // Moving already, it was left, and its fault learned, before it was lost.
  if (job.placings.at(-1) !== placing || job.phase === 'over' || job.phase === 'moving') return
  if (!placing.lastSeen) learnFault(turn, placing)
  if (placing.firstAt === null && !job.cancelled) return moveOn(turn, job, placing.ticket, 'lost')
  resetPlacing(turn, job.clientLink, placing, 'peer_gone')
  endJob(turn, job)
}

/** The client did not follow to its next ticket in time. */
export const onNotMoved = (turn: Turn, job: JobRecord): void => {
  if (!job.moving) return
  job.next = []
  moveOn(turn, job, job.moving.from, 'expired')
}

/** Offers the client its next ticket, which is held for it; or ends the job where there is none. */
export const moveOn = (turn: Turn, job: JobRecord, from: EventId, reason: MoveReason): void => {
  const { state, now } = turn
  const to = { to: job.client }
  const left = placingOf(job, from)
  // The node that is left need not go on; one that never had the job hears nothing it knows.
  if (left) resetPlacing(turn, left.link, left, 'moved')
  while (!job.cancelled && job.next.length > 0) {
    const ticket = usable(state, job.next.shift()!, job.client, now)
    if (!ticket) continue
    const until = unixMs(now + state.bounds.holdMs)
    hold(state, ticket, job.client, until)
    job.phase = 'moving'
    job.moving = { from, to: ticket.id }
    watch(turn, job, 'moving', until)
    say(
      turn,
      job.clientLink,
      'progress',
      { status: 'moved', job: job.id, from, to: ticket.id, reason },
      to,
    )
    return
  }
  say(
    turn,
    job.clientLink,
    'progress',
    { status: 'refused', job: job.id, ticket: from, reason },
    to,
  )
  endJob(turn, job)
}

export const placingOf = (job: JobRecord, ticket: EventId): Placing | undefined =>
  job.placings.find((placing) => placing.ticket === ticket)

/** A node that accepted and vanished, or never answered: the only faults a router can see itself. */
const learnFault = (turn: Turn, placing: Placing): void => {
  const { node, task, model } = placing
  const seen = { node, task, model, outcome: 'node_fault', firstMs: null, msPerUnit: null } as const
  learn(turn, { ...seen, at: turn.now }, placing.from)
}
