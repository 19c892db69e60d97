import { unixMs } from '../../base/clock.ts'
import { tagValue } from '../../protocol/event.ts'
import { jobTagOf } from '../../protocol/frames.ts'
import type { EventId, JobId, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { countJob } from '../../routing/admit.ts'
import type { LinkId } from '../wire.ts'
import { linkClient, reachClient } from './away.ts'
import { resetPlacing } from './ending.ts'
import { newestLink } from './links.ts'
import { allowAgain, restoredMeter } from './meter.ts'
import { placingOf } from './moves.ts'
import { onReceipt } from './records.ts'
import type { Placing } from './placing.ts'
import {
  type JobRecord,
  type Returning,
  type Turn,
  accept,
  decline,
  forward,
  say,
} from './state.ts'

/**
 * Coming back (docs/protocol.md, section 4). A `sync` goes from one end of a job to the other. Of a job
 * that we placed, it moves that end to its new link. Of one that an earlier run placed we know nothing
 * and keep nothing but who said what, until both ends have said the same.
 */
export const onSync = (turn: Turn, link: LinkId, message: Message<'sync'>): void => {
  const { state } = turn
  const { body, event } = message
  const job = state.jobs.get(body.job)
  const placing = job && placingOf(job, body.ticket)
  // A node that is back asks for each of its jobs, and may have hundreds.
  const isBack = body.side === 'node' && placing?.link === link && placing.synced !== link
  if (isBack) placing.synced = link
  else if (!maySync(turn, link)) return decline(turn, link, message, 'rate-limited: syncs')
  const to = tagValue(event, 'p') as PubKey
  const [client, node] = body.side === 'client' ? [event.pubkey, to] : [to, event.pubkey]
  if (!job) return onUnknown(turn, link, message, client, node)
  const isTheirs = job.client === client && (placing === undefined || placing.node === node)
  if (!isTheirs) return decline(turn, link, message, 'restricted: no such job')
  if (body.side === 'client') return fromClient(turn, job, placing, link, message)
  if (!placing || placing.link !== link)
    return decline(turn, link, message, 'restricted: no such job')
  accept(turn, link, message)
  if (placing.receipt !== null) return
  // The job went on without it: it need not.
  if (placing !== job.placings.at(-1) || job.phase === 'moving')
    return resetPlacing(turn, link, placing, 'moved')
  if (job.phase === 'over') return resetPlacing(turn, link, placing, 'peer_gone')
  // Where the client is still away, it will say so itself.
  if (!reachClient(turn, job)) return
  allowAgain(placing.input, state.bounds)
  forward(turn, job.clientLink, message)
}

/** A client that is back hears how its job stands, from us or from its node. */
const fromClient = (
  turn: Turn,
  job: JobRecord,
  placing: Placing | undefined,
  link: LinkId,
  message: Message<'sync'>,
): void => {
  const { ticket } = message.body
  if (!linkClient(turn, job, link)) return decline(turn, link, message, 'rate-limited: open jobs')
  accept(turn, link, message)
  const to = { to: job.client }
  const about = { job: job.id, reason: 'lost' } as const
  if (placing?.receipt) return forward(turn, link, placing.receipt)
  if (job.moving?.from === ticket) {
    const moved = { ...about, status: 'moved', from: ticket, to: job.moving.to } as const
    return void say(turn, link, 'progress', moved, to)
  }
  if (!placing || placing !== job.placings.at(-1) || (job.phase === 'over' && placing.closed))
    return void say(turn, link, 'progress', { ...about, status: 'refused', ticket }, to)
  allowAgain(placing.output, turn.state.bounds)
  forward(turn, placing.link, message)
}

/** Nothing is known of this job: whoever else is said to have it is asked, or has said so before. */
const onUnknown = (
  turn: Turn,
  link: LinkId,
  message: Message<'sync'>,
  client: PubKey,
  node: PubKey,
): void => {
  const { state, now } = turn
  const { side, job, ticket } = message.body
  const far = newestLink(state, side === 'client' ? node : client)
  const record = side === 'node' ? state.nodes.get(node) : undefined
  if (far === undefined || (side === 'node' && record?.link !== link))
    return decline(turn, link, message, 'restricted: no such job')
  const key = keyOf(job, ticket, client, node)
  const known = state.returning.get(key)
  if (known && known.side !== side) {
    accept(turn, link, message)
    restore(turn, known, link)
    return forward(turn, known.link, message)
  }
  const mine = state.returningOf.get(link) ?? new Set()
  // As many as it may have open jobs; a node, as many as it has places.
  const open = side === 'client' ? (state.jobsOf.get(link)?.size ?? 0) : 0
  const most = Math.max(state.bounds.jobsPerLink, record?.maxTickets ?? 0)
  if (!mine.has(key) && open + mine.size >= most)
    return decline(turn, link, message, 'rate-limited: open jobs')
  if (known && known.link !== link) endReturning(turn, key)
  const receipt = known?.receipt ?? { message: null }
  state.returning.set(key, { key, job, ticket, client, node, side, link, receipt })
  state.returningOf.set(link, (state.returningOf.get(link) ?? new Set()).add(key))
  state.deadlines.set(`returning:${key}`, unixMs(now + state.bounds.awayMs))
  accept(turn, link, message)
  forward(turn, far, message)
}

/** A node says that it knows nothing of a job which a client asked for again. @returns whether it was that */
export const passRefusal = (turn: Turn, link: LinkId, message: Message<'progress'>): boolean => {
  const { body, event } = message
  if (body.status !== 'refused' || turn.state.jobs.has(body.job)) return false
  const client = tagValue(event, 'p') as PubKey
  const found = turn.state.returning.get(keyOf(body.job, body.ticket, client, event.pubkey))
  if (found?.side !== 'client') return false
  accept(turn, link, message)
  forward(turn, found.link, message)
  endReturning(turn, found.key)
  return true
}

/** A receipt that comes before its client is back: an event is sent once, so it waits here. @returns whether */
export const holdReceipt = (turn: Turn, message: Message<'receipt'>): boolean => {
  const { body, event } = message
  if (turn.state.jobs.has(body.job)) return false
  const key = keyOf(body.job, body.ticket, body.client, event.pubkey)
  const found = turn.state.returning.get(key)
  if (found?.side !== 'node' || found.receipt.message) return false
  found.receipt.message = message
  return true
}

/** Nobody answered, or the link of who asked is lost. */
export const endReturning = ({ state }: Turn, key: string): void => {
  const found = state.returning.get(key)
  if (!found) return
  state.returning.delete(key)
  state.returningOf.get(found.link)?.delete(key)
  state.deadlines.clear(`returning:${key}`)
}

/** A link is lost: what it asked for is forgotten with it. */
export const forgetReturning = (turn: Turn, link: LinkId): void => {
  for (const key of turn.state.returningOf.get(link) ?? []) endReturning(turn, key)
  turn.state.returningOf.delete(link)
  turn.state.syncs.delete(link)
  // What nodes write to it is counted below 0 (money.ts).
  turn.state.syncs.delete(-link)
}

/** Both ends said so: the job goes on here, counted and bounded as any other. */
const restore = (turn: Turn, returning: Returning, link: LinkId): void => {
  const { state, now } = turn
  endReturning(turn, returning.key)
  const { job: id, ticket, client, node } = returning
  const [clientLink, nodeLink] =
    returning.side === 'client' ? [returning.link, link] : [link, returning.link]
  const record = state.nodes.get(node)
  const open = state.jobsOf.get(clientLink) ?? new Set()
  if (!record || open.size >= state.bounds.jobsPerLink) return
  const tag = jobTagOf(id, ticket)
  const placing: Placing = {
    ticket,
    node,
    tag,
    boot: record.boot,
    link: nodeLink,
    task: '',
    model: '',
    from: state.placeOf.get(clientLink),
    max: {},
    forwardedAt: now,
    acceptedAt: now,
    // As if its output had begun: it does not move, since nothing is known of where to.
    firstAt: now,
    lastSeen: false,
    closed: false,
    receipt: null,
    acknowledged: false,
    synced: nodeLink,
    claim: null,
    input: restoredMeter(state.bounds),
    output: restoredMeter(state.bounds),
    moneyFrames: 0,
    restored: true,
  }
  state.jobs.set(id, {
    id,
    client,
    clientLink,
    offers: null,
    // Nobody knows what this run was shown before: it costs no route.
    pack: null,
    charged: false,
    next: [],
    placings: [placing],
    moving: null,
    unplaced: null,
    phase: 'accepted',
    body: [],
    bodyBytes: 0,
    watched: false,
    cancelled: false,
  })
  state.byTag.set(tag, { job: id, placing })
  state.jobsOf.set(clientLink, open.add(id))
  countJob(state.limits, client, now, state.bounds)
  record.openJobs++
  state.deadlines.set(`job:${id}`, unixMs(now + MOST_MS))
  turn.effects.push({ do: 'log', level: 'info', event: 'job.resumed', fields: { job: id, node } })
  const { message } = returning.receipt
  if (message) onReceipt(turn, nodeLink, message)
}

/**
 * Whether a link may send one more of what is passed on without a job that limits it, such as a sync, which makes
 * the other end send frames again. Its bucket goes with the link.
 */
export const maySync = ({ state, now }: Turn, link: LinkId): boolean => {
  const { syncsBurst, syncsPerSecond } = state.bounds
  const bucket = state.syncs.get(link) ?? { left: syncsBurst, at: now }
  const passed = Math.max(0, now - bucket.at)
  const left = Math.min(syncsBurst, bucket.left + (passed / 1000) * syncsPerSecond)
  state.syncs.set(link, { left: Math.max(0, left - 1), at: now })
  return left >= 1
}

const keyOf = (job: JobId, ticket: EventId, client: PubKey, node: PubKey): string =>
  `${jobTagOf(job, ticket)} ${client} ${node}`

/** How long a job whose deadline is not known may last, as the longest that any has. */
const MOST_MS = 24 * 3_600_000
