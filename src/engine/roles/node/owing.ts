import { msat } from '../../base/money.ts'
import { costOf } from '../../metering/cost.ts'
import {
  type Account,
  accountOf,
  credited,
  disputed,
  isPrepaid,
  isWithinTenth,
  lost,
  mayBegin,
  maySend,
  sent,
  trusted,
} from '../../metering/owed.ts'
import type { Units } from '../../protocol/fields.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { fixedUsage } from './hold-job.ts'
import type { NodeJob, NodeTurn, PendingDelta } from './state.ts'

/** What the keys of our jobs have and have not credited (metering/owed.ts), and whose turn it is to send. */

/** What one frame would carry: so many of the pending deltas, with their bytes and the usage and cost up to them. */
export type NextPiece = Readonly<{
  count: number
  bytes: number
  last: boolean
  usage: Units
  cost: bigint
}>

/** Whether a key took nothing, beyond the bound, that it never paid. */
export const mayHaveJob = (turn: NodeTurn, client: PubKey): boolean =>
  mayBegin(accountFor(turn, client), unusedOf(turn, client) - runningOf(turn, client))

/** Whether this job costs something and its key has paid nothing yet: what it gets on trust is cut small. */
export const isOnTrust = (turn: NodeTurn, job: NodeJob): boolean =>
  job.body.ceiling > 0n && job.hold === null && accountOfJob(turn, job).paid === 0n

/**
 * The next frame that the key of this job may be sent; null where it must credit something first. Jobs of
 * one key take turns then, so that a stream of small pieces never keeps a large one waiting for ever.
 */
export const nextPiece = (turn: NodeTurn, job: NodeJob): NextPiece | null => {
  const account = accountOfJob(turn, job)
  const whole = pieceOf(job, batch(job.pending, turn.state.bounds.coalesceBytes))
  const added = whole.cost - costSent(job)
  if (added === 0n) return whole
  const { waiting, jobs } = turn.state
  // Whoever waits for its own client to credit is kept from nothing by others, and may wait for a dead one.
  const first = [...(waiting.get(payerOf(job)) ?? [])].find((tag) => {
    const it = jobs.get(tag)
    return it && costSent(it) === it.paid
  })
  const unused = unusedOf(turn, payerOf(job))
  const within = (cost: bigint) =>
    isWithinTenth(account, cost - costSent(job)) ||
    (costSent(job) === job.paid &&
      isPrepaid(account, cost - costSent(job), unused - runningOf(turn, payerOf(job))))
  // While something else is out, as much of it as is within the bounds: a piece waits for nobody who is gone.
  const piece = maySend(account, added, unused)
    ? within(whole.cost)
      ? whole
      : onTrust(job, account, whole)
    : partOf(job, whole, within)
  if ((first !== undefined && first !== job.tag) || !piece) {
    wait(turn, job)
    return null
  }
  stopWaiting(turn, job)
  return piece
}

/** As much of a piece as costs what fits; null where not even its first delta does. */
export const partOf = (
  job: NodeJob,
  whole: NextPiece,
  fits: (cost: bigint) => boolean,
): NextPiece | null => {
  let piece = whole
  while (!fits(piece.cost)) {
    if (piece.count <= 1) return null
    piece = pieceOf(job, batch(job.pending.slice(0, Math.floor(piece.count / 2)), Infinity))
  }
  return piece
}

/** A frame went out; called before it is counted among the job's frames. */
export const pieceSent = (turn: NodeTurn, job: NodeJob, piece: NextPiece): void =>
  sent(accountOfJob(turn, job), piece.cost - costSent(job))

/** Credits have come: what they cover is paid, and the key's other jobs may go on. */
export const pieceCredited = (turn: NodeTurn, job: NodeJob): void => {
  const cost = costUpTo(job, job.writer.acknowledgedSeq())
  if (cost === job.paid) return
  credited(accountOfJob(turn, job), cost - job.paid)
  job.paid = cost
  wakeOthers(turn, job)
  // A key that pays, however slowly, is waited for: those of its jobs that were sent nothing begin to wait anew.
  const { waiting, jobs, deadlines } = turn.state
  for (const tag of waiting.get(payerOf(job)) ?? [])
    if (jobs.get(tag)?.frames.length === 0) deadlines.clear(`credit:${tag}`)
}

/** Whether a job may be sent nothing more until its key has credited what another one was sent. */
export const waitsForTurn = ({ state }: NodeTurn, job: NodeJob): boolean =>
  state.waiting.get(payerOf(job))?.has(job.tag) ?? false

/** The job is over: what it was sent and never credited stays with its key. */
export const settle = (turn: NodeTurn, job: NodeJob): void => {
  pieceCredited(turn, job)
  lost(accountOfJob(turn, job), costSent(job) - job.paid)
  stopWaiting(turn, job)
  wakeOthers(turn, job)
}

/** The client disputes the receipt: it does not mean to pay. */
export const unpay = (turn: NodeTurn, job: NodeJob): void =>
  disputed(accountOfJob(turn, job), job.paid)

const accountFor = ({ state, now }: NodeTurn, payer: PubKey): Account => {
  const account = accountOf(state.accounts, payer, now, (key) =>
    [...state.jobs.values()].some((job) => payerOf(job) === key && job.phase !== 'recorded'),
  )
  // A tab outlives the memory of this process, and what was paid on it is here: a client that died with a piece
  // in its hands must not find its money locked up.
  const isNew = account.paid === 0n && account.outstanding === 0n && account.lost === 0n
  if (isNew) account.paid = state.till?.tabs.tabs.get(payer)?.paid ?? 0n
  return account
}

/** Paid on the tab of a key and not used, whoever holds it now, msat. */
const unusedOf = ({ state }: NodeTurn, payer: PubKey): bigint => {
  const tab = state.till?.tabs.tabs.get(payer)
  return tab && tab.paid > tab.used ? tab.paid - tab.used : 0n
}

/** Credited for its open jobs, which no receipt has charged to its tab yet, msat. */
const runningOf = ({ state }: NodeTurn, payer: PubKey): bigint => {
  let sum = 0n
  for (const job of state.jobs.values())
    if (payerOf(job) === payer && job.phase !== 'recording' && job.phase !== 'recorded')
      sum += job.paid
  return sum
}

const accountOfJob = (turn: NodeTurn, job: NodeJob): Account => accountFor(turn, payerOf(job))

/** Whose account a job is on: its tab's, which lasts, or the session's. */
const payerOf = ({ draw, client }: NodeJob): PubKey => draw?.tab ?? client

/** The one piece on trust: small for a key that paid nothing, else worth no more than it paid. */
const onTrust = (job: NodeJob, account: Account, whole: NextPiece): NextPiece => {
  const most = trusted(account)
  if (most === null) return pieceOf(job, batch(job.pending, FIRST_PIECE_BYTES))
  let piece = whole
  // Of a tab no more than a tenth: a client that dies with it in its hands goes on with what it paid.
  const bound = job.draw ? most / 10n : most
  while (piece.count > 1 && piece.cost - costSent(job) > bound)
    piece = pieceOf(job, batch(job.pending.slice(0, Math.floor(piece.count / 2)), Infinity))
  return piece
}

const pieceOf = (job: NodeJob, { count, bytes }: { count: number; bytes: number }): NextPiece => {
  const { row, entry, body, end, pending } = job
  const last = end !== null && count === pending.length
  const succeeded = last && end.status === 'ok'
  // Nobody can read it before it is paid: no part of it is owed.
  if (job.hold) return { count, bytes, last, usage: fixedUsage(job), cost: 0n }
  // The last frame carries all that was used, which the runner may say only after its last piece.
  const usage = succeeded ? job.usage : (pending[count - 1]?.usage ?? job.usage)
  const surcharge = entry.warm ? msat(0n) : row.cold_surcharge
  const { rates, minimum } = row
  const cost = costOf({ rates, usage, minimum, surcharge, ceiling: body.ceiling, succeeded })
  return { count, bytes, last, usage, cost }
}

const costUpTo = (job: NodeJob, frames: number): bigint => job.frames[frames - 1]?.cost ?? 0n
const costSent = (job: NodeJob): bigint => costUpTo(job, job.frames.length)

const wait = ({ state }: NodeTurn, job: NodeJob): void => {
  const waiting = state.waiting.get(payerOf(job)) ?? new Set()
  state.waiting.set(payerOf(job), waiting.add(job.tag))
}

const stopWaiting = ({ state }: NodeTurn, job: NodeJob): void => {
  const waiting = state.waiting.get(payerOf(job))
  waiting?.delete(job.tag)
  if (waiting?.size === 0) state.waiting.delete(payerOf(job))
}

const wakeOthers = ({ state, now }: NodeTurn, job: NodeJob): void => {
  for (const tag of state.waiting.get(payerOf(job)) ?? [])
    if (tag !== job.tag) state.deadlines.set(`flush:${tag}`, now)
}

/** How many deltas fit into one frame: one at least. */
const batch = (
  pending: readonly PendingDelta[],
  limit: number,
): { count: number; bytes: number } => {
  let count = 0
  let bytes = 0
  while (count < pending.length && (count === 0 || bytes + pending[count]!.bytes <= limit))
    bytes += pending[count++]!.bytes
  return { count, bytes }
}

/** Bytes of deltas that a key which paid nothing yet is sent on trust. */
export const FIRST_PIECE_BYTES = 1024
