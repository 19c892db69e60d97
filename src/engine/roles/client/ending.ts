import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { CHAIN_START, commitInput, commitOutput } from '../../identity/frame-seal.ts'
import { checkReceipt } from '../../metering/receipt-check.ts'
import { type Finding, finding } from '../../metering/finding.ts'
import { eventText, type Signed } from '../../protocol/event.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Receipt } from '../../protocol/receipt.ts'
import { type Ending, cutShort, faultOf, outcomeOf, unpaidOf } from './outcome.ts'
import { framesIn, isHeld } from './hold.ts'
import { drawsNoMore, endAttempt, inputHashOf } from './attempt.ts'
import { giveBack } from './own-invoice.ts'
import { countRoute } from './packs.ts'
import { type Attempt, type ClientJob, type ClientTurn, say, tell } from './state.ts'
import { askTab, awaitTab, countReceipt } from './tabs.ts'
import { tellLater } from './telling.ts'

/** How a job ends: by its receipt, by a cancel, or by trouble. Always with one `ended`. */

export const onReceipt = (turn: ClientTurn, message: Message<'receipt'>): void => {
  const { state } = turn
  const { body, event } = message
  const job = state.jobs.get(body.job)
  const attempt = job?.attempt
  if (!job || !attempt || job.phase === 'over') return
  if (body.ticket !== attempt.offered.ticket.event.id || event.pubkey !== attempt.offered.node)
    return
  // What is locked can be checked when it is open; and it is over when our own wallet says so, too.
  const { lock } = attempt
  const isOk = body.status === 'ok'
  const mustWait = isOk ? !(lock?.open && lock.settled) : isHeld(state, job)
  if (lock?.whole && !lock.waited && mustWait) {
    lock.receipt = message
    // What opens it was sent before: where it did not come, the node gives it again.
    return lock.open || !isOk ? undefined : askTab(turn, event.pubkey)
  }
  const findings = check(turn, job, message)
  const failed = findings.filter((it) => !it.ok)
  const wrong = failed.find((it) => it.dispute) ?? failed[0]
  const acknowledgement = say(
    turn,
    'acknowledgement',
    {
      receipt: event.id,
      job: job.id,
      ticket: body.ticket,
      verdict: wrong ? 'dispute' : 'agree',
      reason: wrong ? (wrong.dispute ?? 'usage') : null,
    },
    { to: event.pubkey, about: event.id },
  )
  if (attempt.drawn) countReceipt(turn, attempt, message, wrong !== undefined)
  countRoute(turn, job, body)
  keep(turn, job, 'receipt', event)
  keep(turn, job, 'acknowledgement', acknowledgement)
  const fault = wrong
    ? new Fault('verification', wrong.check, `the receipt is wrong: ${wrong.detail}`, {
        hint: 'the job is disputed; ask for another node',
      })
    : (job.fault ?? (job.finish === null ? cutShort(body) : (unpaidOf(turn, job) ?? faultOf(body))))
  finishJob(turn, job, fault, {
    receipt: message,
    acknowledgement,
    verified: !wrong,
    dispute: wrong,
  })
}

/** Stops a job: what has come is credited, the node is told, its receipt is waited for. */
export const cancelJob = (turn: ClientTurn, job: ClientJob, fault: Fault): void => {
  const { state, now } = turn
  if (job.phase === 'over') return
  const { attempt } = job
  job.fault ??= fault
  if (!attempt || job.phase === 'ended' || state.link === null) {
    if (job.phase === 'funding' && job.funding?.timing === 'hold')
      giveBack(turn, job, job.funding.offered.node)
    if (job.phase !== 'ended') finishJob(turn, job, fault)
    return
  }
  if (job.phase === 'cancelling') return
  const seen = attempt.accepted ? (job.started ? 'started' : 'accepted') : 'nothing'
  const ticket = attempt.offered.ticket.event.id
  const next = framesIn(attempt)
  attempt.cancelled = { job: job.id, ticket, seen, next }
  attempt.credited = next
  say(turn, 'cancel', attempt.cancelled, { to: attempt.offered.node, about: attempt.event.id })
  job.phase = 'cancelling'
  state.deadlines.clear(`deadline:${job.id}`)
  state.deadlines.set(`receipt:${job.id}`, unixMs(now + CANCEL_WAITS_MS))
}

/** All has come but the receipt. One that is late may be lost on its way: its node is asked for it. */
export const awaitReceipt = ({ state, now }: ClientTurn, job: ClientJob): void => {
  const { receiptWithinMs } = state.bounds
  state.deadlines.clear(`away:${job.id}`)
  state.deadlines.set(`receipt:${job.id}`, unixMs(now + receiptWithinMs))
  state.deadlines.set(`fetch:${job.id}`, unixMs(now + receiptWithinMs / 3))
}

/** The one end of every job. */
export const finishJob = (
  turn: ClientTurn,
  job: ClientJob,
  fault: Fault | null,
  ending?: Ending,
): void => {
  if (job.phase === 'over') return
  const { state } = turn
  job.phase = 'over'
  const { attempt } = job
  if (attempt?.drawn && !ending) {
    awaitTab(turn, attempt)
    drawsNoMore(turn, job)
  }
  endAttempt(turn, job)
  for (const what of ['ask', 'deadline', 'receipt', 'fetch', 'away', 'settled', 'held', 'drawing'])
    state.deadlines.clear(`${what}:${job.id}`)
  if (job.askId) state.byAsk.delete(job.askId)
  const outcome = outcomeOf(turn, job, fault, ending)
  const isLater =
    attempt && ending && tellLater(turn, job, attempt, ending.receipt.event.id, outcome)
  if (!isLater) tell(turn, job, { type: 'ended', outcome })
  job.contentKey.fill(0)
  state.jobs.delete(job.id)
}

/** Everything a client can check: signatures were checked before, here the numbers and the promises. */
const check = (
  turn: ClientTurn,
  job: ClientJob,
  message: Message<'receipt'>,
): readonly Finding[] => {
  const attempt = job.attempt!
  const { offered, secrets } = attempt
  const findings = checkReceipt({
    receipt: message.body,
    receiptBy: message.event.pubkey,
    job: attempt.body,
    jobBy: turn.state.signer.pubkey,
    ticket: offered.ticket.body,
    ticketBy: offered.node,
    sheet: offered.sheet.body,
    sheetBy: offered.sheet.event.pubkey,
    router: turn.state.router,
    ...(attempt.accepted?.body.status === 'accepted' ? { accepted: attempt.accepted.body } : {}),
    delivered: {
      // What was never credited is not charged, even where it came.
      usageAt: (n) => (n === 0 ? {} : n <= attempt.credited ? attempt.usageAt[n - 1] : undefined),
      outputCommitAt: (n) => commitOutput(secrets.commit, attempt.chainAt[n - 1] ?? CHAIN_START),
      // A node that never had the whole input commits to none; without output it charges nothing either.
      ...(message.body.commit.frames > 0
        ? { inputCommit: commitInput(secrets.commit, inputHashOf(job)) }
        : {}),
    },
    sizes: job.sizes,
  })
  return [...findings, checkWhole(job, attempt, message.body), checkPrefill(attempt, message.body)]
}

/** `ok` is said of a whole output, to its end, and ends as its last piece said. */
const checkWhole = (job: ClientJob, attempt: Attempt, receipt: Receipt): Finding => {
  const whole = receipt.commit.frames === attempt.usageAt.length && job.finish === receipt.finish
  return finding(
    'receipt.whole',
    receipt.status !== 'ok' || whole,
    'its end is the end of the output that came',
    'says that the job is complete, but its last piece did not come',
    'undelivered',
  )
}

/** Reading alone is charged only of a client whose cancel said that it had begun, and nothing came. */
const checkPrefill = ({ cancelled }: Attempt, receipt: Receipt): Finding => {
  const charged = receipt.commit.frames === 0 && receipt.cost > 0n
  return finding(
    'receipt.prefill_said',
    !charged || (cancelled?.seen === 'started' && cancelled.next === 0),
    'charges nothing for reading that the cancel did not admit',
    'charges for reading the input, though no cancel said that it had begun',
    'undelivered',
  )
}

const keep = (
  turn: ClientTurn,
  job: ClientJob,
  kind: 'receipt' | 'acknowledgement',
  event: Signed,
): void => {
  const ticket = job.attempt!.offered.ticket.event.id
  const kept = { id: event.id, kind, job: job.id, ticket, by: event.pubkey, at: turn.now } as const
  turn.effects.push({ do: 'keep', kept: { ...kept, text: eventText(event) } })
}

/** How long a cancelled job waits for its receipt. */
const CANCEL_WAITS_MS = 2_000
