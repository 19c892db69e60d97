import { unixMs } from '../../base/clock.ts'
import { encodeFrame, decodeFrame, jobTagOf } from '../../protocol/frames.ts'
import type { EventId, JobTag } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { admitJob, isKnown } from '../../routing/admit.ts'
import type { LinkId } from '../wire.ts'
import { removeTicket, usable } from './pool.ts'
import { endJob, resetPlacing } from './ending.ts'
import {
  type JobRecord,
  type MoveReason,
  type Placing,
  type PoolTicket,
  type Turn,
  accept,
  decline,
  forward,
  say,
} from './state.ts'

/** A job on its way: placed on a ticket, moved to the next, accepted, cancelled. */

export const onJob = (turn: Turn, link: LinkId, message: Message<'job'>): void => {
  const { state, now } = turn
  const { body, event } = message
  const offers = state.offers.get(body.offers)
  if (!offers || offers.client !== event.pubkey || !offers.tickets.includes(body.ticket))
    return decline(turn, link, message, 'restricted: not one of your offers')
  if (state.jobs.has(body.job)) return decline(turn, link, message, 'duplicate: job')
  const open = state.jobsOf.get(link)?.size ?? 0
  if (open >= state.bounds.jobsPerLink)
    return decline(turn, link, message, 'rate-limited: open jobs')
  const refused = admitJob(state.limits, event.pubkey, state.bounds)
  if (refused) return decline(turn, link, message, `rate-limited: ${refused}`)
  const at = offers.tickets.indexOf(body.ticket)
  const job: JobRecord = {
    id: body.job,
    client: event.pubkey,
    clientLink: link,
    next: offers.tickets.slice(at + 1),
    placings: [],
    unplaced: null,
    phase: 'moving',
    body: [],
    bodyBytes: 0,
    cancelled: false,
    known: isKnown(state.limits, event.pubkey),
  }
  state.jobs.set(job.id, job)
  state.jobsOf.set(link, (state.jobsOf.get(link) ?? new Set()).add(job.id))
  // Whatever the client does, a job leaves the table some time after its own deadline.
  const longest = Math.min(body.deadline_ms, MAX_JOB_MS) + 2 * state.bounds.acknowledgementWithinMs
  state.deadlines.set(`job:${job.id}`, unixMs(now + longest))
  accept(turn, link, message)
  const ticket = usable(state, body.ticket, job.client, now)
  if (ticket) return place(turn, job, ticket, message)
  job.unplaced = jobTagOf(job.id, body.ticket)
  state.byTag.set(job.unplaced, { job: job.id, placing: null })
  moveOn(turn, job, body.ticket, 'used')
}

export const onRewrap = (turn: Turn, link: LinkId, message: Message<'rewrap'>): void => {
  const { state, now } = turn
  const { body, event } = message
  const job = state.jobs.get(body.job)
  if (!job || job.client !== event.pubkey || job.clientLink !== link)
    return decline(turn, link, message, 'restricted: no such job')
  if (job.phase !== 'moving' || job.cancelled)
    return decline(turn, link, message, 'restricted: the job is not moving')
  accept(turn, link, message)
  state.deadlines.clear(`moving:${job.id}`)
  const ticket = usable(state, body.ticket, job.client, now)
  if (!ticket || ticket.heldFor !== job.client) return moveOn(turn, job, body.ticket, 'used')
  place(turn, job, ticket, message)
  const { tag, link: to } = job.placings.at(-1)!
  job.body = job.body.map((bytes) => retag(bytes, tag))
  for (const bytes of job.body) turn.effects.push({ do: 'frame', link: to, bytes })
}

export const onProgress = (turn: Turn, link: LinkId, message: Message<'progress'>): void => {
  const { state, now } = turn
  const { body, event } = message
  const job = state.jobs.get(body.job)
  const placing = job && 'ticket' in body ? placingOf(job, body.ticket) : undefined
  if (!job || !placing || placing.node !== event.pubkey || placing.link !== link)
    return decline(turn, link, message, 'restricted: no such job')
  accept(turn, link, message)
  const current = job.placings.at(-1) === placing
  if (body.status === 'accepted') {
    placing.acceptedAt ??= now
    if (current && job.phase === 'forwarded') {
      job.phase = 'accepted'
      job.body = []
      job.bodyBytes = 0
      state.deadlines.clear(`accept:${job.id}`)
    }
  }
  if (body.status !== 'refused') return forward(turn, job.clientLink, message)
  releaseNode(turn, placing)
  // A refusal after `accepted` breaks the node's word (market.md, slashing): the job still moves.
  const open = job.phase === 'forwarded' || (job.phase === 'accepted' && placing.firstAt === null)
  if (!current || !open) return
  moveOn(turn, job, placing.ticket, body.reason)
}

export const onCancel = (turn: Turn, link: LinkId, message: Message<'cancel'>): void => {
  const { state } = turn
  const { body, event } = message
  const job = state.jobs.get(body.job)
  const placing = job && placingOf(job, body.ticket)
  if (!job || job.client !== event.pubkey || !placing)
    return decline(turn, link, message, 'restricted: no such job')
  accept(turn, link, message)
  forward(turn, placing.link, message)
  if (placing !== job.placings.at(-1)) return
  // Before `accepted` a cancel stops the router from moving (docs/protocol.md, what is charged).
  job.cancelled = true
  state.deadlines.clear(`accept:${job.id}`)
  state.deadlines.set(`job:${job.id}`, unixMs(turn.now + state.bounds.receiptWithinMs))
}

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
  if (job.placings.at(-1) !== placing || job.phase === 'over') return
  if (!placing.lastSeen) learnFault(turn, placing)
  if (placing.firstAt === null && !job.cancelled) return moveOn(turn, job, placing.ticket, 'lost')
  resetPlacing(turn, job.clientLink, placing, 'peer_gone')
  endJob(turn, job)
}

/** Offers the client its next ticket, which is held for it; or ends the job where there is none. */
export const moveOn = (turn: Turn, job: JobRecord, from: EventId, reason: MoveReason): void => {
  const { state, now } = turn
  const to = { to: job.client }
  while (!job.cancelled && job.next.length > 0) {
    const ticket = usable(state, job.next.shift()!, job.client, now)
    if (!ticket) continue
    ticket.heldFor = job.client
    ticket.heldUntil = unixMs(now + state.bounds.holdMs)
    job.phase = 'moving'
    state.deadlines.set(`moving:${job.id}`, ticket.heldUntil)
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

/** Gives the node its place back: the placing holds nothing any more. */
export const releaseNode = (turn: Turn, placing: Placing): void => {
  if (placing.closed) return
  placing.closed = true
  const node = turn.state.nodes.get(placing.node)
  if (node) node.openJobs = Math.max(0, node.openJobs - 1)
}

export const placingOf = (job: JobRecord, ticket: EventId): Placing | undefined =>
  job.placings.find((placing) => placing.ticket === ticket)

const place = (
  turn: Turn,
  job: JobRecord,
  ticket: PoolTicket,
  message: Message<'job' | 'rewrap'>,
): void => {
  const { state, now } = turn
  removeTicket(state, ticket.id)
  const tag = jobTagOf(job.id, ticket.id)
  const placing: Placing = {
    ticket: ticket.id,
    node: ticket.node,
    link: ticket.link,
    tag,
    task: message.body.task,
    model: message.body.model,
    forwardedAt: now,
    acceptedAt: null,
    firstAt: null,
    lastSeen: false,
    closed: false,
    receipt: null,
    acknowledged: false,
    inBytes: 0,
    inAllowed: state.bounds.windowBytes,
    outBytes: 0,
    outAllowed: state.bounds.windowBytes,
  }
  job.placings.push(placing)
  job.phase = 'forwarded'
  state.byTag.set(tag, { job: job.id, placing })
  const node = state.nodes.get(ticket.node)
  if (node) node.openJobs++
  state.deadlines.set(`accept:${job.id}`, unixMs(now + state.bounds.acceptWithinMs))
  forward(turn, ticket.link, message)
}

/** A node that accepted and vanished, or never answered: the only faults a router can see itself. */
const learnFault = (turn: Turn, placing: Placing): void => {
  turn.effects.push({
    do: 'observe',
    observation: {
      node: placing.node,
      task: placing.task,
      model: placing.model,
      outcome: 'node_fault',
      firstMs: null,
      msPerUnit: null,
      at: turn.now,
    },
  })
}

const retag = (bytes: Uint8Array, tag: JobTag): Uint8Array => {
  const frame = decodeFrame(bytes)!
  return encodeFrame({ ...frame, tag })
}

const MAX_JOB_MS = 24 * 3_600_000
