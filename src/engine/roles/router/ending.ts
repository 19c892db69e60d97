import { utf8 } from '../../base/bytes.ts'
import type { UnixMs } from '../../base/clock.ts'
import { type Reset, encodeFrame } from '../../protocol/frames.ts'
import { jobEnded } from '../../routing/admit.ts'
import type { LinkId } from '../wire.ts'
import { countClaim } from './learning.ts'
import { freeRoute } from './packs.ts'
import type { Placing } from './placing.ts'
import type { JobRecord, Turn } from './state.ts'

/** Tells one side that a job will not go on (docs/protocol.md, frame type 5). */
export const resetPlacing = (turn: Turn, link: LinkId, placing: Placing, reason: Reset): void => {
  const frame = {
    type: 'reset',
    last: false,
    tag: placing.tag,
    seq: 0,
    bytes: utf8(reason),
  } as const
  turn.effects.push({ do: 'frame', link, bytes: encodeFrame(frame) })
}

/**
 * The job is over for its client. It stays in the table until its receipt is acknowledged or that
 * time is up, since a receipt may still come; then `forgetJob`.
 */
export const endJob = (turn: Turn, job: JobRecord): void => {
  if (job.phase === 'over') return
  job.phase = 'over'
  // A rewrap that comes too late would find its body gone.
  job.moving = null
  job.body = []
  const { state, now } = turn
  jobEnded(state.limits, job.client)
  freeRoute(state, job)
  state.jobsOf.get(job.clientLink)?.delete(job.id)
  state.deadlines.clear(`accept:${job.id}`)
  if (job.watched) for (const what of WATCHED) state.deadlines.clear(`${what}:${job.id}`)
  state.deadlines.set(`job:${job.id}`, (now + state.bounds.acknowledgementWithinMs) as typeof now)
}

/** What a job may wait for besides its usual course. Most wait for none of it. */
const WATCHED = ['moving', 'away', 'gone', 'lost'] as const

/** Until when it waits for that. */
export const watch = (
  { state }: Turn,
  job: JobRecord,
  what: (typeof WATCHED)[number],
  until: UnixMs,
): void => {
  job.watched = true
  state.deadlines.set(`${what}:${job.id}`, until)
}

/** Gives the node its place back: the placing holds nothing any more. */
export const releaseNode = (turn: Turn, placing: Placing): void => {
  if (placing.closed) return
  placing.closed = true
  const node = turn.state.nodes.get(placing.node)
  if (node) node.openJobs = Math.max(0, node.openJobs - 1)
}

/** Takes a job out of all tables. Receipts that nobody answered in their time count as they are. */
export const forgetJob = (turn: Turn, job: JobRecord): void => {
  endJob(turn, job)
  const { state } = turn
  if (job.unplaced) state.byTag.delete(job.unplaced)
  for (const placing of job.placings) {
    state.byTag.delete(placing.tag)
    releaseNode(turn, placing)
    countClaim(turn, job, placing)
  }
  // Offers go with the first job on them that goes: kept until they expire, they would be most of what a router remembers.
  if (job.offers !== null) state.offers.delete(job.offers)
  state.deadlines.clear(`job:${job.id}`)
  state.jobs.delete(job.id)
}
