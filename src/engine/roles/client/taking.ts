import { utf8Length } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { CHAIN_START, nextChain, openOutput } from '../../identity/frame-seal.ts'
import { withinMax } from '../../metering/bounds.ts'
import { type Frame, frameHeader } from '../../protocol/frames.ts'
import { decodeOutput } from '../../protocol/payload.ts'
import { LOCKED_BYTES } from '../../spending/locked.ts'
import { awaitReceipt, cancelJob, finishJob, onReceipt } from './ending.ts'
import { HELD_MS, isHeld } from './hold.ts'
import { noReceiptOf } from './outcome.ts'
import { received } from './paying.ts'
import { packFrames } from './results.ts'
import { type Attempt, type ClientJob, type ClientTurn, tell } from './state.ts'

/** Output, frame by frame: opened, counted, told; or kept until what opens it is paid. */

/** One frame in its turn: opened, counted, told. False when the stream is over because of it. */
export const take = (turn: ClientTurn, job: ClientJob, attempt: Attempt, frame: Frame): boolean => {
  if (isTooMuch(turn, job, attempt, frame.bytes.length + FRAME_COSTS)) return false
  const plaintext = openOutput(attempt.secrets.out, frameHeader(frame), frame.seq, frame.bytes)
  if (plaintext && attempt.lock)
    return keepLocked(turn, job, attempt, { ...frame, bytes: plaintext })
  return takeOpen(turn, job, attempt, { plaintext, last: frame.last })
}

/** Whether so much more is more than a job can give: then the stream is over. */
const isTooMuch = (turn: ClientTurn, job: ClientJob, attempt: Attempt, bytes: number): boolean => {
  attempt.outputBytes += bytes
  const most = attempt.lock ? LOCKED_BYTES : turn.state.bounds.outputBytes
  if (attempt.outputBytes <= most) return false
  fail(turn, job, 'stream.too_large', 'the node sends more than a job can give')
  return true
}

/** What is locked is kept until it is paid; we say that we have it, and need not know what it is. */
const keepLocked = (turn: ClientTurn, job: ClientJob, attempt: Attempt, frame: Frame): boolean => {
  const { seq, last, bytes } = frame
  const lock = attempt.lock!
  lock.frames.push({ header: frameHeader(frame), seq, last, bytes })
  if (job.phase !== 'cancelling') {
    job.phase = last ? 'ended' : 'output'
    if (!job.started) begun(turn, job)
  }
  if (!last) return true
  lock.whole = true
  const hold = job.holds.get(attempt.offered.node)
  turn.state.deadlines.clear(`deadline:${job.id}`)
  awaitReceipt(turn, job)
  if (!hold) return true
  turn.state.deadlines.set(`held:${job.id}`, unixMs(turn.now + HELD_MS))
  const { node } = hold
  const frames = packFrames(lock.frames)
  const row = { hash: hold.hash, job: job.id, node, task: job.task.name, frames, at: turn.now }
  turn.effects.push({ do: 'lock', row })
  return true
}

/** It is paid: all that came is opened and read, as it would have been when it came. */
export const unlock = (
  turn: ClientTurn,
  job: ClientJob,
  attempt: Attempt,
  key: Uint8Array,
): void => {
  const lock = attempt.lock!
  const { frames } = lock
  lock.open = true
  turn.state.deadlines.clear(`held:${job.id}`)
  lock.frames = []
  const isRead = frames.every(({ header, seq, bytes, last }) =>
    takeOpen(turn, job, attempt, { plaintext: openOutput(key, header, seq, bytes), last }),
  )
  if (!isRead) turn.effects.push({ do: 'pin', node: attempt.offered.node })
  if (!isRead || lock.waited) return endWaiting(turn, job)
  if (lock.settled) return lock.receipt ? onReceipt(turn, lock.receipt) : undefined
  turn.state.deadlines.set(`settled:${job.id}`, unixMs(turn.now + SETTLED_WITHIN_MS))
}

/** A `settled:` or `receipt:` deadline fell due: nothing more is waited for before a receipt is checked. */
export const endWaiting = (turn: ClientTurn, job: ClientJob): void => {
  const lock = job.attempt?.lock
  if (!lock) return
  lock.waited = true
  if (lock.receipt) onReceipt(turn, lock.receipt)
}

/** No receipt came in time. What was delivered stays; one whose result does not open is disputed. */
export const onNoReceipt = (turn: ClientTurn, job: ClientJob): void => {
  // What becomes of held money our own wallet says, whoever else is silent.
  if (isHeld(turn.state, job)) return
  const lock = job.attempt?.lock
  if (lock?.receipt && (lock.open || lock.returned || lock.receipt.body.status === 'ok'))
    return endWaiting(turn, job)
  finishJob(turn, job, job.fault ?? noReceiptOf(turn, job))
}

const takeOpen = (
  turn: ClientTurn,
  job: ClientJob,
  attempt: Attempt,
  { plaintext, last }: { plaintext: Uint8Array | undefined; last: boolean },
): boolean => {
  const payload = plaintext && decodeOutput(plaintext)
  if (payload && isTooMuch(turn, job, attempt, payload.p.length * DELTA_COSTS)) return false
  const deltas = payload?.p.map((it) => job.task.delta.safeParse(it))
  if (!plaintext || !payload || !deltas?.every((it) => it.success)) {
    fail(turn, job, 'stream.garbage', 'the node sent what is no output of this task')
    return false
  }
  attempt.deltaBytes += utf8Length(JSON.stringify(payload.p))
  // No tokenizer has tokens of less than a byte: more of them than bytes that came is a lie.
  if ((payload.u.out_token ?? 0) > attempt.deltaBytes + TOKENS_UNSEEN) {
    fail(turn, job, 'stream.implausible', 'the node claims more tokens than it sent bytes')
    return false
  }
  if (!withinMax(payload.u, attempt.offered.max)) {
    fail(turn, job, 'stream.over_max', 'the node claims more usage than the job allows')
    return false
  }
  attempt.usageAt.push(payload.u)
  // What was paid for as a whole is owed in no part.
  if (!attempt.lock) received(turn.state, attempt, payload.u)
  attempt.chainAt.push(nextChain(attempt.chainAt.at(-1) ?? CHAIN_START, plaintext))
  if (job.times.first === null && deltas.length > 0) job.times.first = turn.now
  if (job.phase !== 'cancelling') {
    job.phase = 'output'
    if (!job.started && deltas.length > 0) begun(turn, job)
  }
  for (const { data } of deltas) {
    job.deltas.push(data)
    // Also of a job that is cancelled: it was on its way, and is charged.
    tell(turn, job, { type: 'piece', delta: data, text: job.task.text(data), usage: payload.u })
  }
  if (!last) return true
  job.finish = payload.end ?? 'error'
  if (job.phase !== 'cancelling') job.phase = 'ended'
  turn.state.deadlines.clear(`deadline:${job.id}`)
  awaitReceipt(turn, job)
  return true
}

/** The node breaks the protocol: we stop paying for it, and say why. */
export const fail = (turn: ClientTurn, job: ClientJob, code: string, text: string): void => {
  job.attempt!.broken = true
  cancelJob(turn, job, new Fault('verification', code, text, { hint: 'ask for another node' }))
}

/** Its runner is at work: the node has said so, or its first frame has, and then it says no more. */
export const begun = (turn: ClientTurn, job: ClientJob): void => {
  job.started = true
  tell(turn, job, { type: 'started' })
}

/** How long our own wallet may take to say that it paid, once the result is open. */
const SETTLED_WITHIN_MS = 3_000
/** Tokens without text: ends of turns and the like. */
const TOKENS_UNSEEN = 64
/** What keeping count of one output frame costs us in bytes, however small it is. */
const FRAME_COSTS = 256
/** The same of one delta: of a letter each, they would be twenty million in what a job can give. */
const DELTA_COSTS = 64
