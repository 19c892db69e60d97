import { type UnixMs, unixMs } from '../../base/clock.ts'
import { Fault, isFault } from '../../base/fault.ts'
import { holdKey } from '../../identity/hold-seal.ts'
import type { JobId, PaymentHash, PubKey } from '../../protocol/ids.ts'
import { isPreimage } from '../../protocol/preimage.ts'
import type { Bodies } from '../../protocol/messages.ts'
import { cancelJob, onReceipt } from './ending.ts'
import { failAll, proceed } from './funding.ts'
import type { ClientHold } from './hold.ts'
import { type Funding, placeOf } from './money.ts'
import type { PurseEvent } from './purse-effects.ts'
import { notKnown } from './outcome.ts'
import { notPaid } from './payee-faults.ts'
import { creditOutput } from './receiving.ts'
import { type ClientJob, type ClientTurn, tell } from './state.ts'
import { endWaiting, unlock } from './taking.ts'

/** What becomes of money that is held for a job, and of the result that it opens. */

/** The invoice is being paid: its money will wait. */
export const beginHold = (
  { state }: ClientTurn,
  job: ClientJob,
  of: Pick<ClientHold, 'node' | 'hash' | 'msat'>,
): void => {
  job.holds.set(of.node, { ...of, state: 'paying', preimage: null })
  state.money!.holds.set(of.hash, { node: of.node, delivered: false })
}

/** The node says soon that its wallet has it waiting, or is asked. */
export const awaitHeld = ({ state, now }: ClientTurn, one: Funding, hash: PaymentHash): void => {
  Object.assign(one, { phase: 'paying', hash, asks: 0 })
  state.deadlines.set(`fund:${placeOf(one.node, one.ref)}`, unixMs(now + HELD_WITHIN_MS))
}

/** The node's wallet has our money waiting: the job goes out. */
export const onHeldWord = (turn: ClientTurn, node: PubKey, body: Bodies['paid']): void => {
  const { jobs, money } = turn.state
  const job = jobs.get(body.ref as JobId)
  const hold = job?.holds.get(node)
  if (!job || hold?.hash !== body.payment_hash || hold.state !== 'paying') return
  hold.state = 'held'
  tell(turn, job, { type: 'held', node, msat: hold.msat })
  const one = money!.funding.get(placeOf(node, job.id))
  if (one) proceed(turn, one)
}

/** The node took it, and gives us what opens the result: our own wallet may be slow to show it. */
export const onKey = (turn: ClientTurn, node: PubKey, body: Bodies['paid']): void => {
  const job = turn.state.jobs.get(body.ref as JobId)
  const hold = job?.holds.get(node)
  const { preimage } = body
  if (!job || preimage === undefined || hold?.hash !== body.payment_hash) return
  if (!isPreimage(preimage, hold.hash)) return
  hold.preimage = preimage
  open(turn, job, hold)
}

/** How a payment ended that was held; or why it never began. */
export const onHoldPayment = (
  turn: ClientTurn,
  { node, ref, hash, end, lockedUntil }: Extract<PurseEvent, { type: 'payment' }>,
): void => {
  const { state } = turn
  const money = state.money!
  const { delivered } = money.holds.get(hash)!
  const found = state.jobs.get(ref as JobId)
  const job = found?.holds.get(node)?.hash === hash ? found : undefined
  money.holds.delete(hash)
  if (!isFault(end) && end.state === 'settled') {
    if (!delivered) turn.effects.push({ do: 'pin', node })
    return job && onTaken(turn, job, { node, hash, delivered }, end)
  }
  if (!job) return
  const isBack = !isFault(end) && end.state === 'failed'
  const fault = isFault(end) ? end : isBack ? notHeld(end, lockedUntil) : notKnown()
  onLost(turn, job, node, fault, isBack)
}

/** What came locked is on our disk: whenever the node takes the money now, we have the result. So it hears that. */
export const onLocked = (
  turn: ClientTurn,
  { job: id, fault }: Extract<PurseEvent, { type: 'locked' }>,
): void => {
  const job = turn.state.jobs.get(id)
  const attempt = job?.attempt
  if (!job || !attempt?.lock?.whole) return
  const hold = job.holds.get(attempt.offered.node)
  const paying = hold && turn.state.money!.holds.get(hold.hash)
  // We never say that we have what we cannot keep: the node gives the money back, or takes it for nothing.
  if (fault) {
    turn.state.deadlines.clear(`held:${id}`)
    if (job.phase === 'ended') job.phase = 'output'
    return cancelJob(turn, job, fault)
  }
  if (paying) paying.delivered = true
  attempt.lock.kept = true
  creditOutput(turn, job, attempt.reader.credit())
}

type Taken = Readonly<{ node: PubKey; hash: PaymentHash; delivered: boolean }>
type Settled = Exclude<Extract<PurseEvent, { type: 'payment' }>['end'], Fault>

/** Our wallet says that it is paid: with that the result opens. Whoever takes it before has lied. */
const onTaken = (
  turn: ClientTurn,
  job: ClientJob,
  { node, delivered }: Taken,
  end: Settled,
): void => {
  const { money } = turn.state
  const hold = job.holds.get(node)!
  hold.state = 'over'
  job.paidAlone += end.msat
  const one = money!.funding.get(placeOf(node, job.id))
  if (one) return failAll(turn, one, takenEarly())
  const attempt = job.attempt?.offered.node === node ? job.attempt : null
  if (!delivered && attempt) cancelJob(turn, job, takenEarly())
  // What has come all the same is ours to read.
  if (!attempt?.lock || !(delivered || attempt.lock.whole)) return
  attempt.lock.settled = true
  if (end.preimage !== null && isPreimage(end.preimage, hold.hash)) hold.preimage = end.preimage
  open(turn, job, hold)
  if (attempt.lock.open && attempt.lock.receipt) onReceipt(turn, attempt.lock.receipt)
}

/** It comes back, or never left; what becomes of the job its node says in its receipt, and soon. */
const onLost = (
  turn: ClientTurn,
  job: ClientJob,
  node: PubKey,
  fault: Fault,
  isBack: boolean,
): void => {
  const { deadlines, money } = turn.state
  job.holds.get(node)!.state = 'over'
  deadlines.clear(`held:${job.id}`)
  const one = money!.funding.get(placeOf(node, job.id))
  if (one) return failAll(turn, one, fault)
  const lock = job.attempt?.offered.node === node ? job.attempt.lock : null
  if (!lock) return
  lock.returned = isBack
  if (job.phase !== 'cancelling')
    deadlines.set(`receipt:${job.id}`, unixMs(turn.now + RECEIPT_WITHIN_MS))
  endWaiting(turn, job)
}

const open = (turn: ClientTurn, job: ClientJob, { node, preimage }: ClientHold): void => {
  const { attempt } = job
  if (attempt?.offered.node !== node || preimage === null) return
  if (!attempt.lock?.whole || attempt.lock.open) return
  const key = holdKey(preimage, job.id, attempt.tag)
  unlock(turn, job, attempt, key)
  key.fill(0)
}

/** It never waited at the node, for a reason of our wallet's; or the node, its payee, let it go. */
const notHeld = ({ reason }: Settled, lockedUntil?: UnixMs | null): Fault =>
  reason === 'rejected'
    ? notPaid('node', { reason: 'the node gave it back' })
    : notPaid('node', { reason }, lockedUntil)

const takenEarly = (): Fault =>
  new Fault('verification', 'hold.taken', 'the node took the money before it had delivered', {
    hint: 'it gets nothing more; ask another node',
  })

const HELD_WITHIN_MS = 10_000
/** How soon after it gave the money back a node says how the job ended. */
const RECEIPT_WITHIN_MS = 5_000
