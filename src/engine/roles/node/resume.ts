import { toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { tagValue } from '../../protocol/event.ts'
import { encodeFrame, jobTagOf } from '../../protocol/frames.ts'
import type { EventId } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { LinkId } from '../wire.ts'
import { sendStatement } from './charging.ts'
import { awaitBody, creditInput, sayAccepted } from './jobs.ts'
import { flush, sayStarted } from './output.ts'
import { giveUp, stop } from './records.ts'
import { type NodeJob, type NodeTurn, say } from './state.ts'
import type { RouterRecord } from './supply.ts'
import { awaitCredit, awaitReader } from './waiting.ts'

/**
 * Coming back (docs/protocol.md, section 4). While the link to its router is lost a job goes on, as far
 * as its window lets it; then both ends say what they wait for, and send again what the other lacks.
 */

/** The link is lost: nobody can credit or send, so no limit for that runs, but one for coming back. */
export const onRouterLost = (turn: NodeTurn, link: LinkId): void => {
  const { state } = turn
  for (const job of state.jobs.values()) {
    if (job.link !== link || isClosed(job)) continue
    for (const what of ['input', 'body', 'credit', 'sync'])
      state.deadlines.clear(`${what}:${job.tag}`)
    awaitReader(turn, job)
  }
}

/**
 * The router is there again, the same or another run of it: each of its jobs is asked for, so many a second. A node
 * with hundreds that asked for all at once would be thrown out as a flood, again and again.
 */
export const onRouterBack = (turn: NodeTurn, router: RouterRecord): void => {
  const { state } = turn
  for (const job of state.jobs.values())
    if (isLeftOf(router, job) && !isClosed(job)) awaitReader(turn, job)
  askForSome(turn, router)
}

/** A `back:` deadline fell due: more of them may be asked for. */
export const onMoreBack = (turn: NodeTurn, link: LinkId): void => {
  const router = turn.state.routers.get(link)
  if (router) askForSome(turn, router)
}

const askForSome = (turn: NodeTurn, router: RouterRecord): void => {
  const { state, now } = turn
  let room = state.bounds.backPerSecond
  for (const job of state.jobs.values()) {
    if (!isLeftOf(router, job)) continue
    if (room-- === 0) return void state.deadlines.set(`back:${router.link}`, unixMs(now + 1_000))
    job.link = router.link
    askAgain(turn, job, 0)
    // After the sync: a router that knows nothing of the job keeps it until its client is back.
    giveReceipt(turn, job)
  }
}

/** Its link to this router was lost, and it is not asked for yet. */
const isLeftOf = (router: RouterRecord, job: NodeJob): boolean =>
  job.router === router.key && job.link !== router.link && !job.forgotten

/** The router says that the client is gone. A result that is finished waits for it a while longer. */
export const onClientGone = (turn: NodeTurn, job: NodeJob): void => {
  if (job.end === null) return stop(turn, job, 'partial', 'peer_gone')
  if (isClosed(job)) return
  turn.state.deadlines.clear(`credit:${job.tag}`)
  // So long it was waited for already, by the router.
  awaitReader(turn, job, turn.state.bounds.awayMs)
}

/** A `sync:` deadline fell due: nobody has answered. */
export const onUnanswered = (turn: NodeTurn, job: NodeJob): void => {
  if (job.sync && !isClosed(job)) askAgain(turn, job, job.sync.tries + 1)
}

/** An `away:` deadline fell due: the link, or the client behind it, did not come back. */
export const onAway = (turn: NodeTurn, job: NodeJob): void => giveUp(turn, job, 'link_lost')

/** A client is back, or answers that we are. Only the key that signed the job is heard. */
export const onSync = (turn: NodeTurn, link: LinkId, message: Message<'sync'>): void => {
  const { state, now } = turn
  const { body, event } = message
  if (body.side !== 'client') return
  const job = state.jobs.get(jobTagOf(body.job, body.ticket))
  const answers = tagValue(event, 'e')
  if (!job || job.forgotten) return answers === undefined ? refuse(turn, link, message) : undefined
  const router = state.routers.get(link)
  if (job.client !== event.pubkey) return
  // Whoever asks need not wait until we do.
  if (router && isLeftOf(router, job)) job.link = link
  if (job.link !== link) return
  if (answers === undefined) {
    // Whoever asks without end gets no window of frames for each time.
    if (state.deadlines.has(`answered:${job.tag}`)) return
    state.deadlines.set(`answered:${job.tag}`, unixMs(now + ANSWER_EVERY_MS))
    sayNext(turn, job, event.id)
  } else if (answers !== job.sync?.id) return
  job.sync = null
  state.deadlines.clear(`sync:${job.tag}`)
  state.deadlines.clear(`away:${job.tag}`)
  goOn(turn, job, message)
}

const goOn = (turn: NodeTurn, job: NodeJob, { body, event }: Message<'sync'>): void => {
  if (body.next === 0 && !isClosed(job)) {
    const answers = event.id
    sayAccepted(turn, job, answers)
    sayStarted(turn, job, answers)
  }
  // Time that runs already runs on: asking buys none.
  const isTimed = ['body', 'credit'].some((it) => turn.state.deadlines.has(`${it}:${job.tag}`))
  if (job.phase === 'input') {
    if (!isTimed) awaitBody(turn, job)
    creditInput(turn, job, job.reader.credit())
  }
  if (job.phase === 'running' || job.phase === 'ended') {
    // Byte for byte: one seal for one frame (flow.ts).
    for (const { seq, bytes, last } of job.writer.unacknowledged()) {
      if (seq < body.next) continue
      const frame = encodeFrame({ type: 'output', last, tag: job.tag, seq, bytes })
      turn.effects.push({ do: 'frame', link: job.link, bytes: frame })
    }
    flush(turn, job)
    if (job.sentLast && !isTimed) awaitCredit(turn, job)
  }
  giveReceipt(turn, job)
}

const giveReceipt = (turn: NodeTurn, job: NodeJob): void => {
  if (job.phase !== 'recorded' || !job.receipt) return
  turn.effects.push({ do: 'send', link: job.link, outgoing: { event: job.receipt } })
  sendStatement(turn, job)
}

const askAgain = (turn: NodeTurn, job: NodeJob, tries: number): void => {
  job.sync = { id: sayNext(turn, job), tries }
  if (isClosed(job)) return
  const wait = Math.min(ASK_EVERY_MS * 2 ** tries, ASK_SELDOM_MS)
  turn.state.deadlines.set(`sync:${job.tag}`, unixMs(turn.now + wait))
}

const sayNext = (turn: NodeTurn, job: NodeJob, answers?: EventId): EventId => {
  const { id, ticket, client: to } = job
  const nonce = toHex(turn.random.bytes(16))
  const next = job.reader.nextSeq()
  const content = { nonce, job: id, ticket, side: 'node' as const, next }
  return say(turn, job.link, 'sync', content, { to, ...(answers && { answers }) }).id
}

/** A job of an earlier run of ours, or one that never came: its client need not wait for it. */
const refuse = (turn: NodeTurn, link: LinkId, { body, event }: Message<'sync'>): void => {
  const { state, now } = turn
  // Anybody may ask for what never was; an answer costs a signature.
  if (!state.deadlines.has('refusals:all')) {
    state.refusals = 0
    state.deadlines.set('refusals:all', unixMs(now + 1_000))
  }
  if (state.refusals++ >= REFUSALS_PER_SECOND) return
  const { job, ticket } = body
  const content = { status: 'refused', job, ticket, reason: 'restarted' } as const
  say(turn, link, 'progress', content, { to: event.pubkey, about: event.id })
}

/** Nothing more of it is sent or charged but its receipt. */
const isClosed = ({ phase }: NodeJob): boolean => phase === 'recording' || phase === 'recorded'

const ANSWER_EVERY_MS = 500
/** First wait for an answer; each is twice the one before, up to the other. */
const ASK_EVERY_MS = 1_000
const ASK_SELDOM_MS = 8_000
const REFUSALS_PER_SECOND = 64
