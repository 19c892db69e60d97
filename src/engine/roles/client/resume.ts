import { toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { tagValue } from '../../protocol/event.ts'
import { encodeFrame } from '../../protocol/frames.ts'
import type { EventId } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { LinkId } from '../wire.ts'
import { askAnew, forgetOffers } from './again.ts'
import { awaitReceipt, finishJob } from './ending.ts'
import { keptHint } from './outcome.ts'
import { isHeld } from './hold.ts'
import { creditOutput } from './receiving.ts'
import { type ClientJob, type ClientTurn, say, tell } from './state.ts'
import { onNoReceipt } from './taking.ts'

/**
 * Coming back (docs/protocol.md, section 4). A job outlives the link to its router: what was not sent
 * yet is asked anew, and of all else each end says what it waits for, and gets it again.
 */

/** A link is closed. With the one to our router each job waits for another one, some longer than others. */
export const onClosed = (turn: ClientTurn, link: LinkId): void => {
  const { state } = turn
  state.auths.delete(link)
  state.deadlines.clear(`quota:${link}`)
  if (state.link !== link) return
  state.link = null
  for (const job of state.jobs.values()) {
    tell(turn, job, { type: 'link', state: 'lost' })
    // What is paid for it meanwhile lies on the tab, and is found there.
    if (job.phase === 'funding') job.asks++
    if (UNSENT.has(job.phase)) forgetOffers(turn, job)
    // A job that is being stopped has its two seconds, and no more.
    if (job.phase === 'cancelling') continue
    for (const what of ['receipt', 'fetch', 'sync']) state.deadlines.clear(`${what}:${job.id}`)
    if (job.attempt) job.attempt.isLost = true
    awaitLink(turn, job)
  }
}

/** Another link stands: every job that is out is asked for. What waits is asked anew (asking.ts). */
export const onLinkBack = (turn: ClientTurn): void => {
  const { state } = turn
  for (const job of state.jobs.values()) {
    const isAway = state.deadlines.has(`away:${job.id}`)
    if (isAway) tell(turn, job, { type: 'link', state: 'back' })
    const { attempt } = job
    if (!attempt) {
      state.deadlines.clear(`away:${job.id}`)
      continue
    }
    if (job.phase === 'ended') awaitReceipt(turn, job)
    else if (isAway) awaitLink(turn, job)
    sync(turn, job, 0)
    const { cancelled, offered, event } = attempt
    if (cancelled) say(turn, 'cancel', cancelled, { to: offered.node, about: event.id })
  }
}

/** A `fetch:` deadline fell due. */
export const fetchReceipt = (turn: ClientTurn, job: ClientJob): void => {
  const { state } = turn
  const hold = job.attempt && job.holds.get(job.attempt.offered.node)
  const untilMs = state.deadlines.dueAt(`held:${job.id}`)
  if (hold && untilMs !== undefined && isHeld(state, job))
    tell(turn, job, { type: 'locked', node: hold.node, msat: hold.msat, untilMs })
  sync(turn, job, 0)
}

/** A `sync:` deadline fell due: nobody has answered. */
export const onUnanswered = (turn: ClientTurn, job: ClientJob): void => {
  const asked = job.attempt?.sync
  if (asked) sync(turn, job, asked.tries + 1)
}

/** An `away:` deadline fell due: no link, or nobody behind it who knows the job. */
export const onAway = (turn: ClientTurn, job: ClientJob): void => {
  if (job.phase === 'ended') return onNoReceipt(turn, job)
  if (turn.state.link !== null && askAnew(turn, job, 'lost')) return
  const [code, text] =
    turn.state.link === null
      ? ['link.lost', 'the connection to the router was lost']
      : ['stream.peer_gone', 'the node is gone']
  finishJob(turn, job, job.fault ?? new Fault('again', code, text, { hint: keptHint(job) }))
}

/** The node of a job is back, or answers that we are. */
export const onSync = (turn: ClientTurn, message: Message<'sync'>): void => {
  const { state, now } = turn
  const { body, event } = message
  const job = state.jobs.get(body.job)
  const attempt = job?.attempt
  if (!job || !attempt || body.side !== 'node' || event.pubkey !== attempt.offered.node) return
  if (body.ticket !== attempt.offered.ticket.event.id || attempt.broken) return
  const answers = tagValue(event, 'e')
  if (answers === undefined) {
    // Whoever asks without end gets no window of frames for each time.
    if (state.deadlines.has(`answered:${job.id}`)) return
    state.deadlines.set(`answered:${job.id}`, unixMs(now + ANSWER_EVERY_MS))
    sayNext(turn, job, event.id)
  } else if (answers !== attempt.sync?.id) return
  attempt.sync = null
  state.deadlines.clear(`sync:${job.id}`)
  state.deadlines.clear(`away:${job.id}`)
  sendAgain(turn, job, body.next)
  if (attempt.accepted) creditOutput(turn, job, attempt.reader.credit())
}

/** What was sent of the body and is not credited, from this frame on, byte for byte. */
const sendAgain = (turn: ClientTurn, job: ClientJob, next: number): void => {
  const { tag, writer, bodyAt } = job.attempt!
  for (let seq = Math.max(next, writer.acknowledgedSeq()); seq < bodyAt; seq++) {
    const bytes = encodeFrame({ type: 'input', last: false, tag, seq, bytes: job.body[seq]! })
    turn.effects.push({ do: 'frame', link: turn.state.link!, bytes })
  }
}

const sync = (turn: ClientTurn, job: ClientJob, tries: number): void => {
  job.attempt!.sync = { id: sayNext(turn, job), tries }
  const wait = Math.min(ASK_EVERY_MS * 2 ** tries, ASK_SELDOM_MS)
  turn.state.deadlines.set(`sync:${job.id}`, unixMs(turn.now + wait))
}

const sayNext = (turn: ClientTurn, job: ClientJob, answers?: EventId): EventId => {
  const { offered, reader } = job.attempt!
  const nonce = toHex(turn.random.bytes(16))
  const ticket = offered.ticket.event.id
  const content = { nonce, job: job.id, ticket, side: 'client' as const, next: reader.nextSeq() }
  return say(turn, 'sync', content, { to: offered.node, ...(answers && { answers }) }).id
}

/**
 * Nodes and routers keep a stream for `awayMs`, and a finished result for longer. So whoever has all
 * but the receipt, or has time, waits for that longer; who is in a hurry is told at once.
 */
const awaitLink = ({ state, now }: ClientTurn, job: ClientJob): void => {
  const { awayMs, resultWaitsMs } = state.bounds
  const waits = job.phase === 'ended' || job.wish.class === 'batch' ? resultWaitsMs : awayMs
  state.deadlines.set(`away:${job.id}`, unixMs(now + waits))
}

const UNSENT: ReadonlySet<ClientJob['phase']> = new Set(['asking', 'pricing', 'funding'])
const ANSWER_EVERY_MS = 500
/** First wait for an answer; each is twice the one before, up to the other. */
const ASK_EVERY_MS = 1_000
const ASK_SELDOM_MS = 8_000
