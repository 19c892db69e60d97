import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { holdKey } from '../../identity/hold-seal.ts'
import type { BookedInvoice } from '../../metering/invoice-book-rows.ts'
import { holdPaid } from '../../metering/invoice-book-slots.ts'
import type { TabChange } from '../../metering/tab-rows.ts'
import { reserve } from '../../metering/tab.ts'
import type { Units } from '../../protocol/fields.ts'
import { jobTagOf } from '../../protocol/frames.ts'
import type { PaymentHash, Preimage, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { JobRefusal } from '../../protocol/progress.ts'
import type { JobMessage, NodeJob, NodeTurn } from './state.ts'
import type { Till } from './till.ts'

/** A job that is paid by a hold invoice: the money waits while it is done, and is taken for the whole or not at all. */
export type JobHold = {
  readonly hash: PaymentHash
  readonly draw: Message<'draw'>
  readonly preimage: Preimage
  /** Seals its output, inside the frames. */
  readonly key: Uint8Array
  /** All of it is credited: nothing but our wallet's word ends it now. */
  closing: boolean
  /** What became of the money, by our own wallet. */
  outcome: 'settled' | 'canceled' | null
  /** That it settled, as its payer was told: told again to one that lost it. */
  said: BookedInvoice | null
}

/** The hold that a job is paid by: its money waits for this job, and there is time for it; or why it is not taken. */
export const holdOf = (
  turn: NodeTurn,
  till: Till,
  { body }: JobMessage,
  draw: Message<'draw'>,
  etaMs: number,
): JobHold | JobRefusal => {
  const row = till.book.invoices.get(draw.body.payment_hash as PaymentHash)
  if (etaMs > BOUNDS.holdEtaMs) return 'policy'
  if (!row || row.preimage === null || row.state !== 'accepted' || row.closing !== null)
    return 'unfunded'
  const isIts = row.payer === draw.event.pubkey && row.ref === body.job && row.msat >= body.ceiling
  if (!isIts || heldUntil(till, row.hash) - turn.now < etaMs + CLOSING_MS) return 'unfunded'
  if (jobHeldBy(turn, row.hash)) return 'used'
  const { hash, preimage } = row
  const key = holdKey(preimage, body.job, jobTagOf(body.job, body.ticket))
  return { hash, draw, preimage, key, closing: false, outcome: null, said: null }
}

/** Until when a job may take: its money goes back soon after. */
export const holdDeadline = (till: Till, { hash }: JobHold): number =>
  heldUntil(till, hash) - CLOSING_MS

/** What a job by `hold` costs is fixed: it is metered at its `max`, whatever its runner used. */
export const fixedUsage = ({ body }: NodeJob): Units => body.max

/** The open job that a payment waits for. */
export const jobHeldBy = ({ state }: NodeTurn, hash: PaymentHash): NodeJob | undefined =>
  [...state.jobs.values()].find((job) => job.hold?.hash === hash && job.phase !== 'recorded')

/** Its invoice has settled: what it brought is its own, before any other job of that tab can draw on it. */
export const takeHeld = (turn: NodeTurn, till: Till, invoice: BookedInvoice): TabChange[] => {
  const job = jobHeldBy(turn, invoice.hash)
  if (!job?.hold || job.phase === 'recording') return []
  const { draw } = job.hold
  job.hold.said = invoice
  const { id, ticket } = job
  const wish = { id: draw.event.id, key: draw.event.pubkey, job: id, ticket, text: draw.text }
  const { ceiling } = draw.body
  const reserved = reserve(till.tabs, { ...wish, ceiling, timing: 'hold' }, turn.now)
  if ('refused' in reserved) return []
  job.draw = { tab: draw.event.pubkey as PubKey, durable: true, statement: null }
  return [...reserved.changes]
}

/** What became of the money of a job; the job itself ends after this decision (hold-end.ts). */
const noteHold = (turn: NodeTurn, hash: PaymentHash, outcome: 'settled' | 'canceled'): void => {
  const job = jobHeldBy(turn, hash)
  if (!job?.hold || job.hold.outcome !== null) return
  // We want it back too late, perhaps: our wallet may have taken it, and says so.
  const isOurWord = turn.state.till?.book.invoices.has(hash) ?? false
  if (outcome === 'canceled' && job.hold.closing && isOurWord) return
  job.hold.outcome = outcome
  turn.state.deadlines.set(`hold:${job.tag}`, turn.now)
}

/** How an invoice stands at our wallet: its job, if it has one, follows. */
export const holdNews = (
  turn: NodeTurn,
  till: Till,
  hash: PaymentHash,
  now: 'accepted' | 'settled' | 'canceled',
): void => {
  if (now !== 'accepted') return noteHold(turn, hash, now)
  const payer = till.book.invoices.get(hash)?.payer
  if (payer) holdPaid(till.held, payer)
  awaitJob(turn, hash)
}

/** Its money waits for a job that must come. */
const awaitJob = ({ state, now }: NodeTurn, hash: PaymentHash): void => {
  if (!state.deadlines.has(`lock:${hash}`))
    state.deadlines.set(`lock:${hash}`, unixMs(now + JOB_WITHIN_MS))
}

const heldUntil = ({ book }: Till, hash: PaymentHash): number =>
  book.deadlines.dueAt(`held:${hash}`) ?? 0

/** How long money waits for its job; with the job the book's own bound of 90 s goes on. */
const JOB_WITHIN_MS = 45_000
/** What is left at the end for the last credit and the wallet. */
const CLOSING_MS = 5_000
