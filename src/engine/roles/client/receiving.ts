import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import {
  type Credit,
  type Frame,
  encodeCredit,
  encodeFrame,
  readReset,
} from '../../protocol/frames.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Accepted } from '../../protocol/progress.ts'
import { cancelJob, finishJob } from './ending.ts'
import { noteLost } from './lost-books.ts'
import { keptHint } from './outcome.ts'
import { onRefused } from './refused.ts'
import { mustPay, paid } from './paying.ts'
import { begun, fail, take } from './taking.ts'
import { fundRunning, payThenSend } from './funding.ts'
import { isUnpaid, onLetterRefused, onNoInvoice } from './no-invoice.ts'
import { leaveWhileFunding } from './attempt.ts'
import { priceAt } from './price.ts'
import { isInline, sendBody } from './sending.ts'
import { type ClientJob, type ClientTurn, say, tell } from './state.ts'

/** What comes back: progress, sealed output under credits, resets. */

export const onProgress = (turn: ClientTurn, message: Message<'progress'>): void => {
  const { body, event } = message
  const job = turn.state.jobs.get(body.job)
  if (job && isUnpaid(job, message))
    return onNoInvoice(turn, job, 'reason' in body ? body.reason : null)
  if (!job) return onLetterRefused(turn, message)
  if (!job.attempt || job.phase === 'over' || job.phase === 'ended') return
  const fromRouter = event.pubkey === turn.state.router
  if (body.status === 'moved') {
    if (fromRouter) onMoved(turn, job, body)
    return
  }
  const { attempt } = job
  if (body.ticket !== attempt.offered.ticket.event.id) return
  if (body.status === 'refused') {
    if (fromRouter || event.pubkey === attempt.offered.node)
      onRefused(turn, job, body.reason, fromRouter)
    return
  }
  if (event.pubkey !== attempt.offered.node) return
  if (body.status === 'accepted') return onAccepted(turn, job, message, body)
  if (job.phase === 'cancelling') return
  if (body.status === 'need_payment') return fundRunning(turn, job, body.short)
  if (job.started) return
  if (body.status === 'queued') return tell(turn, job, { type: 'queued', place: body.place })
  if (body.status === 'started') begun(turn, job)
}

export const onOutput = (turn: ClientTurn, job: ClientJob, frame: Frame): void => {
  const attempt = job.attempt!
  if (!attempt.accepted || attempt.broken || job.finish !== null) return
  const { ready, credit, overWindow } = attempt.reader.arrived(frame, turn.now)
  if (overWindow)
    return fail(turn, job, 'stream.over_window', 'the node sent more than it was allowed')
  for (const it of ready) if (!take(turn, job, attempt, { ...frame, ...it })) return
  creditOutput(
    turn,
    job,
    // What was on its way when we cancelled came all the same: its node waits for that, and not for long.
    credit ??
      (job.phase === 'cancelling' || mustPay(turn.state, attempt)
        ? attempt.reader.creditNow()
        : null),
  )
}

/** Says what has arrived and how much more may come; it is also what the charge is counted by. */
export const creditOutput = (turn: ClientTurn, job: ClientJob, credit: Credit | null): void => {
  const attempt = job.attempt!
  // After a lie nothing is paid. While the link is lost nothing is: it is said when that is back (resume.ts).
  if (attempt.broken || turn.state.link === null) return
  // Who hears that we have all of a locked result takes the money for it.
  if (attempt.lock?.whole && !attempt.lock.kept) return
  if (credit) {
    const { tag, secrets } = attempt
    attempt.credited = credit.next
    paid(turn.state, attempt)
    const bytes = encodeCredit(secrets.credit, tag, 'outputCredit', credit)
    const frame = { type: 'outputCredit', last: false, tag, seq: credit.next, bytes } as const
    turn.effects.push({ do: 'frame', link: turn.state.link, bytes: encodeFrame(frame) })
  }
  const due = attempt.reader.dueAt()
  if (due !== undefined) turn.state.deadlines.set(`credit:${job.id}`, due)
}

/** The router says that the job will not go on. */
export const onReset = (turn: ClientTurn, job: ClientJob, frame: Frame): void => {
  if (job.phase === 'over' || job.phase === 'ended') return
  const reason = readReset(frame.bytes)
  const text =
    reason === 'peer_gone' ? 'the node is gone' : 'the stream was reset: more was sent than allowed'
  // What was found wrong before stands: whoever lied must not choose how it ends.
  const fault = new Fault('again', `stream.${reason}`, text, { hint: keptHint(job) })
  finishJob(turn, job, job.fault ?? fault)
}

const onAccepted = (
  turn: ClientTurn,
  job: ClientJob,
  message: Message<'progress'>,
  body: Accepted,
): void => {
  const attempt = job.attempt!
  if (attempt.accepted) return
  const { offered } = attempt
  const same =
    body.sheet === offered.entry.sheet &&
    body.row === offered.entry.row &&
    body.ceiling === offered.ceiling &&
    body.timing === attempt.body.timing &&
    body.funded === attempt.drawn &&
    JSON.stringify(sorted(body.max)) === JSON.stringify(sorted(offered.max))
  if (!same)
    return fail(turn, job, 'accepted.terms', 'the node accepted other terms than those of the job')
  attempt.accepted = message
  if (job.phase === 'cancelling') return
  job.phase = 'accepted'
  job.waitsUntil = null
  job.waitsFor = null
  job.times.accepted = turn.now
  // From here on the node ends it in time, with a receipt that says so; we only make sure that it does.
  const { deadlines } = turn.state
  const latest = (deadlines.dueAt(`deadline:${job.id}`) ?? turn.now) + DEADLINE_GRACE_MS
  deadlines.set(`deadline:${job.id}`, unixMs(latest))
  tell(turn, job, {
    type: 'accepted',
    node: offered.node,
    model: offered.entry.model.name,
    etaMs: body.eta_ms,
  })
  if (!isInline(turn, job)) sendBody(turn, job)
}

const onMoved = (
  turn: ClientTurn,
  job: ClientJob,
  body: Extract<Message<'progress'>['body'], { status: 'moved' }>,
): void => {
  const attempt = job.attempt!
  if (body.from !== attempt.offered.ticket.event.id) return
  if (job.phase !== 'sent' && job.phase !== 'accepted') return
  // A node's signed yes outweighs the router's word, but for a link that only the router sees.
  if (attempt.accepted && body.reason !== 'lost') return
  const next = job.offers.find((it) => it.ticket.event.id === body.to)
  // Another ticket of that node would be refused for the same.
  const isSame = next?.node === attempt.offered.node
  if (isSame && (body.reason === 'unfunded' || body.reason === 'no_tab'))
    return onRefused(turn, job, body.reason, true)
  if (body.reason === 'no_tab' && attempt.drawn) noteLost(turn, attempt.offered.node)
  const { cap } = job.wish
  tell(turn, job, {
    type: 'moved',
    from: attempt.offered.node,
    to: next?.node ?? null,
    reason: body.reason,
  })
  // Only to a ticket that was in the signed offers, and only within the same cap.
  if (!next || (cap !== null && priceAt(turn, job, next) > cap))
    return cancelJob(
      turn,
      job,
      new Fault('again', 'job.moved_away', 'no other offer fits', { hint: 'try again' }),
    )
  if (attempt.accepted) job.resend = true
  payThenSend(turn, job, next, body.from)
  // It may have been merely slow: nothing of it is credited, and it need not go on.
  const left = { job: job.id, ticket: body.from, seen: 'nothing', next: 0 } as const
  say(turn, 'cancel', left, { to: attempt.offered.node, about: attempt.event.id })
  leaveWhileFunding(turn, job)
}

/** How much later than its deadline a node may say that it is over. */
const DEADLINE_GRACE_MS = 2_000
const sorted = (units: object): [string, unknown][] => Object.entries(units).toSorted()
