import { unixMs } from '../../base/clock.ts'
import { utf8Length } from '../../base/bytes.ts'
import { CHAIN_START, nextChain, sealOutput } from '../../identity/frame-seal.ts'
import { type Frame, encodeFrame, frameHeader, openCredit } from '../../protocol/frames.ts'
import { encodeOutput } from '../../protocol/payload.ts'
import type { Units } from '../../protocol/fields.ts'
import type { EventId } from '../../protocol/ids.ts'
import { findTask } from '../../tasks/catalogue.ts'
import type { Task } from '../../tasks/task.ts'
import type { Done, RunnerTrouble } from '../../runners/runner.ts'
import { isOnTrust, nextPiece, partOf, pieceCredited, pieceSent } from './owing.ts'
import { covers, needPayment } from './charging.ts'
import { conclude } from './records.ts'
import { release } from './slots.ts'
import { type NodeJob, type NodeTurn, tell } from './state.ts'
import { awaitCredit } from './waiting.ts'

/** Output on its way: pieces are gathered, sealed, sent under credits, and counted when credited. */

export const onStarted = (turn: NodeTurn, job: NodeJob): void => {
  if (job.started || job.phase !== 'running') return
  job.started = true
  turn.state.deadlines.set(`started:${job.tag}`, unixMs(turn.now + STARTED_AFTER_MS))
}

/** Says that the runner has begun, to a client that has no frame which says so already. */
export const sayStarted = (turn: NodeTurn, job: NodeJob, answers?: EventId): void => {
  if (!job.started || job.phase !== 'running' || job.frames.length > 0) return
  turn.state.deadlines.clear(`started:${job.tag}`)
  tell(turn, job, { status: 'started', job: job.id, ticket: job.ticket }, answers)
}

export const onPiece = (turn: NodeTurn, job: NodeJob, delta: unknown, usage: Units): void => {
  if (job.phase !== 'running') return
  onStarted(turn, job)
  if (job.outputBytes > turn.state.bounds.outputBytes) return tooMuch(turn, job)
  const before = job.usage
  job.usage = clip(usage, job.body.max)
  const parts = partsOf(delta, findTask(job.body.task), isOnTrust(turn, job))
  for (const [i, { part, bytes }] of parts.entries()) {
    // One that no first window can hold would wait for ever.
    if (bytes > turn.state.bounds.windowBytes - FRAME_COSTS) return tooMuch(turn, job)
    job.pending.push({ delta: part, bytes, usage: between(before, job.usage, i + 1, parts.length) })
    job.pendingBytes += bytes
  }
  const { bounds, deadlines } = turn.state
  // The first piece goes at once; then what one read of the runner brought goes together.
  if (job.frames.length === 0 || job.pendingBytes >= bounds.coalesceBytes) flush(turn, job)
  else if (!deadlines.has(`flush:${job.tag}`)) deadlines.set(`flush:${job.tag}`, turn.now)
  if (job.pendingBytes < PENDING_BYTES || job.paused) return
  job.paused = true
  turn.effects.push({ do: 'pause', tag: job.tag })
}

type Part = { part: unknown; bytes: number }

/** A piece in parts that go in one frame each, with the bytes that they take there. */
const partsOf = (delta: unknown, { split }: Task, onTrust: boolean): readonly Part[] => {
  const cut = (most: number): Part[] =>
    (split?.(delta, most) ?? [delta]).map((part) => ({
      part,
      bytes: utf8Length(JSON.stringify(part)),
    }))
  if (onTrust) return cut(FIRST_TEXT_PART)
  // Text that JSON writes as it is fills a frame; what it escapes is cut so small that it fits in any case.
  const parts = cut(TEXT_PART)
  return parts.every(({ bytes }) => bytes <= 2 * TEXT_PART) ? parts : cut(ESCAPED_PART)
}

/** A runner without end: what it made is charged, it makes no more. */
const tooMuch = (turn: NodeTurn, job: NodeJob): void => {
  turn.effects.push({ do: 'abort', tag: job.tag })
  job.phase = 'ended'
  job.end = { finish: 'error', status: 'runner_failed', reason: 'too_large' }
  flush(turn, job)
}

export const onDone = (turn: NodeTurn, job: NodeJob, done: Done): void => {
  release(turn, job)
  if (job.phase !== 'running') return
  job.phase = 'ended'
  job.usage = clip(done.usage, job.body.max)
  job.countedBy = done.countedBy
  job.model = done.model
  job.end = { finish: done.finish, status: 'ok', reason: null }
  flush(turn, job)
}

/** The runner failed. What it made before goes out and is charged; a failure before output costs nothing. */
export const onFailed = (turn: NodeTurn, job: NodeJob, trouble: RunnerTrouble): void => {
  release(turn, job)
  if (job.phase !== 'running') return
  job.phase = 'ended'
  const refused = trouble === 'too_long' || trouble === 'bad_request' || trouble === 'unsupported'
  const status = refused && job.frames.length === 0 ? 'input_refused' : 'runner_failed'
  job.end = { finish: 'error', status, reason: trouble }
  flush(turn, job)
}

/** The client's deadline is over: the runner stops; what arrived is charged, without minimum. */
export const onDeadline = (turn: NodeTurn, job: NodeJob): void => {
  if (job.phase === 'ended' || job.phase === 'recording' || job.phase === 'recorded') return
  const { state, now } = turn
  if (job.phase !== 'running' || job.frames.length === 0) {
    job.end = { finish: 'error', status: 'timeout', reason: 'deadline' }
    return conclude(turn, job)
  }
  turn.effects.push({ do: 'abort', tag: job.tag })
  job.phase = 'ended'
  job.end = { finish: 'error', status: 'timeout', reason: 'deadline' }
  flush(turn, job)
  state.deadlines.set(`credit:${job.tag}`, unixMs(now + state.bounds.lastCreditWithinMs))
}

/** The reader gives credit: it has everything below `next`, and more may be sent. */
export const onCredit = (turn: NodeTurn, job: NodeJob, frame: Frame): void => {
  const credit = openCredit(job.secrets.credit, frame)
  // Nobody can credit a frame that was never sent, or pay after the receipt for what that does not charge.
  if (!credit || credit.next > job.frames.length) return
  if (job.phase !== 'running' && job.phase !== 'ended') return
  const before = job.writer.acknowledgedSeq()
  job.writer.credited(credit)
  pieceCredited(turn, job)
  // Only what is paid for buys time.
  if (job.writer.acknowledgedSeq() > before) {
    job.waitsUntil = null
    turn.state.deadlines.clear(`credit:${job.tag}`)
    if (job.sentLast) awaitCredit(turn, job)
  }
  if (job.sentLast && job.writer.acknowledgedSeq() === job.frames.length) return conclude(turn, job)
  flush(turn, job)
}

/** Sends as many frames as the window takes. */
export const flush = (turn: NodeTurn, job: NodeJob): void => {
  if (job.phase !== 'running' && job.phase !== 'ended') return
  turn.state.deadlines.clear(`flush:${job.tag}`)
  // Nothing is delivered that a crash could leave unpaid.
  if (job.draw?.durable === false) return
  while (!job.sentLast && (job.pending.length > 0 || job.end !== null))
    if (!sendFrame(turn, job)) {
      if (!turn.state.deadlines.has(`credit:${job.tag}`)) awaitCredit(turn, job)
      break
    }
  if (!job.paused || job.pendingBytes >= PENDING_BYTES / 2) return
  job.paused = false
  turn.effects.push({ do: 'resume', tag: job.tag })
}

const sendFrame = (turn: NodeTurn, job: NodeJob): boolean => {
  const whole = nextPiece(turn, job)
  if (!whole) return false
  // What is paid for goes out before more is asked for.
  const piece = partOf(job, whole, (it) => covers(turn, job, it))
  if (!piece) {
    needPayment(turn, job, whole.cost)
    return false
  }
  const { count, bytes, last, usage, cost } = piece
  const deltas = job.pending.slice(0, count)
  const plaintext = encodeOutput({
    p: deltas.map((it) => it.delta),
    u: usage,
    ...(last ? { end: job.end!.finish } : {}),
  })
  if (!job.writer.canSend(plaintext.length + (job.hold ? 2 : 1) * GCM_TAG_BYTES)) return false
  const seq = job.frames.length
  const header = { type: 'output', last, tag: job.tag, seq } as const
  const bound = frameHeader(header)
  const inner = job.hold ? sealOutput(job.hold.key, bound, seq, plaintext) : plaintext
  const sealed = sealOutput(job.secrets.out, bound, seq, inner)
  job.writer.sent({ seq, bytes: sealed, last })
  pieceSent(turn, job, piece)
  turn.effects.push({
    do: 'frame',
    link: job.link,
    bytes: encodeFrame({ ...header, bytes: sealed }),
  })
  const chain = nextChain(job.frames.at(-1)?.chain ?? CHAIN_START, plaintext)
  job.frames.push({ usage, cost, chain })
  job.pending.splice(0, count)
  job.pendingBytes -= bytes
  job.outputBytes += sealed.length + FRAME_COSTS + count * DELTA_COSTS
  if (seq === 0) turn.state.deadlines.clear(`started:${job.tag}`)
  job.firstAt ??= turn.now
  if (!last) return true
  job.sentLast = true
  awaitCredit(turn, job)
  return true
}

/** The usage after `part` of `whole` parts of one piece: each costs its share, as slices do. */
const between = (before: Units, after: Units, part: number, whole: number): Units => {
  if (part === whole) return after
  const reached = Object.entries(after).map(([unit, n]) => {
    const from = Math.min(n, before[unit as keyof Units] ?? 0)
    return [unit, from + Math.ceil(((n - from) * part) / whole)]
  })
  return Object.fromEntries(reached) as Units
}

/** Never more than the job allows, whatever the runner says: the client would rightly dispute it. */
const clip = (usage: Units, max: Units): Units => {
  const { cached_token, ...rest } = usage
  const clipped = Object.fromEntries(
    Object.entries(rest).map(([unit, n]) => [unit, Math.min(n, max[unit as keyof Units] ?? 0)]),
  ) as Units
  if (!cached_token) return clipped
  const room = (max.in_token ?? 0) - (clipped.in_token ?? 0)
  return { ...clipped, cached_token: Math.max(0, Math.min(cached_token, room)) }
}

/** How long `started` waits for the first frame, which says it too, and costs nobody a signature. */
const STARTED_AFTER_MS = 500
const GCM_TAG_BYTES = 16
/** UTF-16 units of one delta, where JSON makes it no more than twice as long. */
const TEXT_PART = 16 * 1024
/** The same where it does: escaped in JSON, six bytes each, they still fit into a first window. */
const ESCAPED_PART = 4096
/** The same of a key that paid nothing yet: its first piece, on trust, is small. */
const FIRST_TEXT_PART = 512
/** What a client counts for one frame besides its bytes, and for one delta, and more (client, taking). */
const FRAME_COSTS = 512
const DELTA_COSTS = 128
/** Output that may wait here before the runner is told to wait too. */
const PENDING_BYTES = 256 * 1024
