import { unixMs } from '../../base/clock.ts'
import { encodeFrame, decodeFrame, jobTagOf } from '../../protocol/frames.ts'
import { tagValue } from '../../protocol/event.ts'
import type { Message } from '../../protocol/messages.ts'
import { NO_ROUTE } from '../../protocol/pack.ts'
import { admitJob } from '../../routing/admit.ts'
import type { LinkId } from '../wire.ts'
import { removeTicket, usable } from './pool.ts'
import { admitsTiming, isEvidence } from '../../routing/payment.ts'
import { endJob, forgetJob, releaseNode, resetPlacing } from './ending.ts'
import { measure, newMeter } from './meter.ts'
import { moveOn, placingOf } from './moves.ts'
import { mayRoute, takeRoute } from './packs.ts'
import type { PoolTicket } from './pool-ticket.ts'
import type { Placing } from './placing.ts'
import { NOT_PROVEN, isShown } from './proofs.ts'
import { type JobRecord, type Turn, accept, decline, forward, say } from './state.ts'
import { claimBody } from './stray.ts'

/** A job on its way: placed on a ticket, moved to the next, accepted, cancelled. */

export const onJob = (turn: Turn, link: LinkId, message: Message<'job'>): void => {
  const { state, now } = turn
  const { body, event } = message
  const offers = state.offers.get(body.offers)
  const isTheirs = offers?.client === event.pubkey && offers.expires > now
  if (!isTheirs || !offers.tickets.includes(body.ticket))
    return decline(turn, link, message, 'restricted: not one of your offers')
  const older = state.jobs.get(body.job)
  if (older && !mayBegin(older, message)) return decline(turn, link, message, 'duplicate: job')
  if (isMisaddressed(turn, message))
    return decline(turn, link, message, 'invalid: not to the ticket’s node')
  if (older) abandon(turn, older)
  if (!admitsTiming(state.payment, body))
    return decline(
      turn,
      link,
      message,
      `restricted: jobs here are paid ${state.proofs ? 'before' : state.payment}`,
    )
  if (!isShown(state, message)) return decline(turn, link, message, NOT_PROVEN)
  if (!mayRoute(state, event.pubkey)) return decline(turn, link, message, NO_ROUTE)
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
    offers: body.offers,
    pack: takeRoute(state, event.pubkey),
    charged: false,
    next: offers.tickets.slice(at + 1),
    placings: [],
    unplaced: null,
    moving: null,
    phase: 'moving',
    body: [],
    bodyBytes: 0,
    watched: false,
    cancelled: false,
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
  const { moving } = job
  if (!moving || job.cancelled || moving.to !== body.ticket || moving.from !== body.from)
    return decline(turn, link, message, 'restricted: the job is not moving there')
  if (isMisaddressed(turn, message))
    return decline(turn, link, message, 'invalid: not to the ticket’s node')
  if (!admitsTiming(state.payment, body))
    return decline(
      turn,
      link,
      message,
      `restricted: jobs here are paid ${state.proofs ? 'before' : state.payment}`,
    )
  if (!isShown(state, message)) return decline(turn, link, message, NOT_PROVEN)
  accept(turn, link, message)
  state.deadlines.clear(`moving:${job.id}`)
  const ticket = usable(state, body.ticket, job.client, now)
  if (!ticket || ticket.heldFor !== job.client) return moveOn(turn, job, body.ticket, 'used')
  place(turn, job, ticket, message)
  const { tag, link: to } = job.placings.at(-1)!
  const { input } = job.placings.at(-1)!
  const frames = job.body.map((bytes) => ({ ...decodeFrame(bytes)!, tag }))
  for (const { seq, bytes } of frames) measure(input, seq, bytes.length)
  job.body = frames.map(encodeFrame)
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
  if (body.status === 'accepted' && !isEvidence(state.payment, body))
    return refuseUnpaid(turn, job, placing)
  if (body.status === 'accepted') {
    placing.acceptedAt ??= now
    if (current && job.phase === 'forwarded') {
      job.phase = 'accepted'
      claimBody(turn, job)
      job.body = []
      job.bodyBytes = 0
      state.deadlines.clear(`accept:${job.id}`)
    }
  }
  if (body.status !== 'refused') return forward(turn, job.clientLink, message)
  // After `accepted` its refusal is evidence, and the client's reason to follow a move; after the end
  // it answers a client that came back.
  if (placing.acceptedAt !== null || job.phase === 'over') forward(turn, job.clientLink, message)
  releaseNode(turn, placing)
  // A refusal after `accepted` breaks the node's word; the job still moves.
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
  // A client that follows a move takes back the ticket it leaves: that ends nothing, even where the
  // job moves again meanwhile and no later placing stands yet. And what is over ends only once: said
  // again and again, a cancel would keep the job, and the claim that waits for its end.
  const isLeft = job.moving !== null && job.moving.from !== placing.ticket
  if (job.phase === 'over' || isLeft || placing !== job.placings.at(-1)) return
  // Before `accepted` a cancel stops the router from moving (docs/protocol.md, what is charged).
  job.cancelled = true
  state.deadlines.clear(`accept:${job.id}`)
  state.deadlines.set(`job:${job.id}`, unixMs(turn.now + state.bounds.receiptWithinMs))
}

/** A node takes a job that nobody has paid for, where we place none such: neither end goes on with it. */
const refuseUnpaid = (turn: Turn, job: JobRecord, placing: Placing): void => {
  const about = { job: job.id, ticket: placing.ticket }
  const content = { status: 'refused', ...about, reason: 'unfunded' } as const
  say(turn, job.clientLink, 'progress', content, { to: job.client })
  resetPlacing(turn, placing.link, placing, 'moved')
  endJob(turn, job)
}

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
    boot: ticket.ticket.boot,
    link: ticket.link,
    from: state.placeOf.get(job.clientLink),
    tag,
    task: message.body.task,
    model: message.body.model,
    max: message.body.max,
    forwardedAt: now,
    acceptedAt: null,
    firstAt: null,
    lastSeen: false,
    closed: false,
    receipt: null,
    acknowledged: false,
    synced: null,
    claim: null,
    input: newMeter(state.bounds),
    output: newMeter(state.bounds),
    moneyFrames: 0,
    restored: false,
  }
  job.placings.push(placing)
  job.phase = 'forwarded'
  job.moving = null
  state.byTag.set(tag, { job: job.id, placing })
  const node = state.nodes.get(ticket.node)
  if (node) node.openJobs++
  state.deadlines.set(`accept:${job.id}`, unixMs(now + state.bounds.acceptWithinMs))
  forward(turn, ticket.link, message)
}

/**
 * A node drops what is not addressed to it without a word. A job for its ticket that names another key
 * would make it look silent, and teach us a fault that is none.
 */
const isMisaddressed = ({ state }: Turn, { event, body }: Message<'job' | 'rewrap'>): boolean => {
  const ticket = state.tickets.get(body.ticket)
  return ticket !== undefined && tagValue(event, 'p') !== ticket.node
}

/** A client that lost its link before anything came may begin the same job anew, on a new offer. */
const mayBegin = (job: JobRecord, { body, event }: Message<'job'>): boolean =>
  job.client === event.pubkey &&
  job.offers !== body.offers &&
  (job.placings.at(-1)?.firstAt ?? null) === null

const abandon = (turn: Turn, job: JobRecord): void => {
  for (const placing of job.placings)
    if (!placing.closed) resetPlacing(turn, placing.link, placing, 'moved')
  forgetJob(turn, job)
}

const MAX_JOB_MS = 24 * 3_600_000
