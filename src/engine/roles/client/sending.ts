import { concat, sha256, toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { sealInput } from '../../identity/frame-seal.ts'
import { wrapKey } from '../../identity/seal.ts'
import { encodeFrame, jobTagOf, type Frame, openCredit } from '../../protocol/frames.ts'
import { Fault, isFault } from '../../base/fault.ts'
import type { EventId } from '../../protocol/ids.ts'
import type { Job } from '../../protocol/job.ts'
import { ReadWindow, WriteWindow } from '../../transport/flow.ts'
import { draftOf } from '../../protocol/draft.ts'
import { type Signed, eventText } from '../../protocol/event.ts'
import { endAttempt } from './attempt.ts'
import { newLock } from './hold.ts'
import { hasOf } from './lost-books.ts'
import type { Timing } from './money.ts'
import { finishJob } from './ending.ts'
import type { Offered } from './offered.ts'
import { DRAW_LASTS_MS } from './purse-draws.ts'
import { type ClientJob, type ClientTurn, say } from './state.ts'

/** A job goes out: its key wrapped for one ticket alone, its body sealed once. */

/** Where a job goes; `from` names the ticket that failed, of which this is the next. */
export type Going = Readonly<{ offered: Offered; from: EventId | null; timing: Timing }>

/** Sends the job, or the same one for the next ticket. */
export const sendJob = (
  turn: ClientTurn,
  job: ClientJob,
  { offered, from, timing }: Going,
): void => {
  const { state, random } = turn
  if (job.body.length === 0) sealBody(turn, job)
  const ticket = offered.ticket.event.id
  // For this ticket only: were it wrapped for all on the list, a node of the router's own, third on it,
  // could read every prompt. A router can still cause a move to that node; `where` is the guard (docs, 6).
  const address = { job: job.id, ticket, client: state.signer.pubkey }
  const draw = drawFor(turn, job, offered, timing)
  const wrapped = wrapFor(offered.ticket.body.key, {
    contentKey: job.contentKey,
    draw: draw && eventText(draw),
    ...address,
    random,
  })
  if (wrapped instanceof Fault) return finishJob(turn, job, wrapped)
  const { wrap, secrets } = wrapped
  const body: Job = {
    job: job.id,
    ticket,
    offers: job.offersMessage!.event.id,
    task: offered.entry.task,
    model: offered.entry.model.name,
    sheet: offered.entry.sheet,
    row: offered.entry.row,
    max: { ...offered.max },
    ceiling: offered.ceiling,
    class: job.wish.class,
    timing,
    // What is left of it: the time that asking took is the client's too.
    deadline_ms: Math.max(1, leftOf(turn, job)),
    body: { size: job.body.reduce((sum, bytes) => sum + bytes.length, 0), sha256: job.bodyHash },
    wrap,
  }
  const content = { ...body, ceiling: String(body.ceiling) }
  const to = { to: offered.node, about: ticket }
  const event =
    from === null ? say(turn, 'job', content, to) : say(turn, 'rewrap', { ...content, from }, to)
  const resend = job.resend
  if (job.attempt) endAttempt(turn, job)
  job.attempt = {
    offered,
    event,
    body,
    tag: jobTagOf(job.id, ticket),
    secrets,
    reader: new ReadWindow(state.budget, state.bounds),
    writer: new WriteWindow(state.bounds.windowBytes, state.bounds.windowBytesMax),
    accepted: null,
    bodyAt: 0,
    credited: 0,
    cost: 0n,
    paid: 0n,
    outputBytes: 0,
    deltaBytes: 0,
    isLost: false,
    sync: null,
    broken: false,
    drawn: draw !== null,
    draw,
    lock: timing === 'hold' ? newLock() : null,
    cancelled: null,
    usageAt: [],
    chainAt: [],
  }
  job.phase = 'sent'
  job.funding = null
  job.isOut = true
  job.started = false
  job.resend = false
  state.byTag.set(job.attempt.tag, job.id)
  if (!job.attempt.lock && !state.money?.off) sayDrawn(turn, job)
  if (!isInline(turn, job)) return
  // A small body follows at once; on a rewrap the router still has it, unless it had let it go.
  if (from === null || resend) sendBody(turn, job)
  else job.attempt.bodyAt = job.body.length
}

/** What is left of its time, in ms. Not by its times: the clock may have been set since (loop.ts). */
const leftOf = ({ state, now }: ClientTurn, job: ClientJob): number =>
  (state.deadlines.dueAt(`deadline:${job.id}`) ?? now) - now

/** Sends as much of the body as the node's credits allow. */
export const sendBody = (turn: ClientTurn, job: ClientJob): void => {
  const attempt = job.attempt!
  while (attempt.bodyAt < job.body.length) {
    const bytes = job.body[attempt.bodyAt]!
    if (!attempt.writer.canSend(bytes.length)) return
    const seq = attempt.bodyAt++
    attempt.writer.sent({ seq, bytes, last: false })
    const frame = encodeFrame({ type: 'input', last: false, tag: attempt.tag, seq, bytes })
    turn.effects.push({ do: 'frame', link: turn.state.link!, bytes: frame })
  }
}

/** The node lets us send more of the body. */
export const onInputCredit = (turn: ClientTurn, job: ClientJob, frame: Frame): void => {
  const attempt = job.attempt!
  const credit = openCredit(attempt.secrets.credit, frame)
  if (!credit || !attempt.accepted) return
  attempt.writer.credited(credit)
  sendBody(turn, job)
}

/** Small enough to go before `accepted`. */
export const isInline = (turn: ClientTurn, job: ClientJob): boolean =>
  job.body.reduce((sum, bytes) => sum + bytes.length, 0) <= turn.state.bounds.inlineBodyBytes

/** What lets the node charge the job to our tab there: signed by the tab's key, for this ticket alone. */
const drawFor = (
  { state, now }: ClientTurn,
  job: ClientJob,
  { sheet, ceiling, node, ticket }: Offered,
  timing: Timing,
): Signed | null => {
  if (!state.money || !sheet.body.pay || ceiling === 0n) return null
  const about = ticket.event.id
  const content = {
    job: job.id,
    ticket: about,
    client: state.signer.pubkey,
    body: job.bodyHash,
    ceiling: String(ceiling),
    timing,
    ...hasOf(state.money, node),
    ...(timing === 'hold' && { payment_hash: job.holds.get(node)?.hash as string }),
  }
  const draft = draftOf('draw', content, { now, net: state.net, to: node, about })
  return state.money.tab(node).sign(draft)
}

/**
 * Other processes of this user read what a job draws on the tab that they share; and again before a `drawing:` deadline
 * is over, since one that is killed says nothing any more.
 */
export const sayDrawn = ({ state, now, effects }: ClientTurn, job: ClientJob): void => {
  const { draw, offered, body } = job.attempt ?? {}
  if (!draw || !offered || !body || job.phase === 'over') return
  const { ceiling, timing, ticket } = body
  const place = { node: offered.node, key: draw.pubkey, job: job.id, ticket }
  const held = { ceiling, timing, reserved: ceiling, cost: msat(0n), receipt: null } as const
  const at = unixMs(now + DRAW_LASTS_MS)
  const text = eventText(draw)
  effects.push({ do: 'draw', row: { id: draw.id, ...place, ...held, state: 'reserved', text, at } })
  state.deadlines.set(`drawing:${job.id}`, unixMs(now + DRAW_LASTS_MS / 2))
}

/** A node can offer a ticket whose key protects nothing: that ends this job, and no other. */
const wrapFor = (to: string, args: Omit<Parameters<typeof wrapKey>[0], 'to'>) => {
  try {
    return wrapKey({ to, ...args })
  } catch (error) {
    if (isFault(error)) return error
    throw error
  }
}

const sealBody = (turn: ClientTurn, job: ClientJob): void => {
  job.contentKey = turn.random.bytes(32)
  const frames: Uint8Array[] = []
  for (let at = 0; at === 0 || at < job.plaintext.length; at += BODY_PART) {
    const part = job.plaintext.subarray(at, at + BODY_PART)
    frames.push(sealInput(job.contentKey, job.id, frames.length, part))
  }
  job.body = frames
  job.bodyHash = toHex(sha256(concat(...frames)))
}

/** Plaintext bytes of one input frame. */
const BODY_PART = 16 * 1024
