import { unixMs } from '../../base/clock.ts'
import type { JobId, PaymentHash, PubKey } from '../../protocol/ids.ts'
import { feed } from './payee.ts'
import { jobHeldBy } from './hold-job.ts'
import { heardOf } from './reach.ts'
import type { NodeJob, NodeTurn } from './state.ts'

/** Hold invoices: settled when the whole was delivered, cancelled when it will not be. */

/**
 * A job by `hold` is about to end: with the whole of it delivered its money is asked for, and it ends when our
 * wallet has it; else the money goes back, and it ends at once.
 * @returns whether it ends now
 */
export const closeHold = (turn: NodeTurn, job: NodeJob): boolean => {
  const { hold } = job
  const till = turn.state.till
  if (!hold || !till || hold.outcome !== null) return true
  if (hold.closing) return false
  const delivered =
    job.end?.status === 'ok' && job.sentLast && job.writer.acknowledgedSeq() === job.frames.length
  feed(turn, till, { type: delivered ? 'delivered' : 'undelivered', hash: hold.hash })
  hold.closing = delivered && till.book.invoices.get(hold.hash)?.closing === 'settle'
  if (!hold.closing) {
    hold.outcome = 'canceled'
    return true
  }
  const { deadlines } = turn.state
  for (const what of ['credit', 'deadline', 'away', 'sync', 'flush'])
    deadlines.clear(`${what}:${job.tag}`)
  deadlines.set(`hold:${job.tag}`, unixMs(turn.now + SETTLED_WITHIN_MS))
  return false
}

/** A `lock:` deadline fell due: the job of this payment never came, or is under way. */
export const onLockDue = (turn: NodeTurn, hash: PaymentHash): void => {
  const { till } = turn.state
  if (till && !jobHeldBy(turn, hash)) feed(turn, till, { type: 'undelivered', hash })
}

/** A client stops a job that is not here: the money that waits for it goes back. */
export const dropHold = (turn: NodeTurn, job: JobId, client: PubKey): void => {
  const { till } = turn.state
  for (const { hash, ref, payer } of till?.book.invoices.values() ?? [])
    if (ref === job && heardOf(till!, { payer, ref })?.client === client && !jobHeldBy(turn, hash))
      feed(turn, till!, { type: 'undelivered', hash })
}

/** Longest that a job waits for our wallet to say that the money is ours. */
const SETTLED_WITHIN_MS = 300_000
