import { type UnixMs, unixMs } from '../../base/clock.ts'
import { askAll } from './asking.ts'
import { endAttempt } from './attempt.ts'
import { framesIn } from './hold.ts'
import type { Waiting } from './news.ts'
import { type ClientJob, type ClientTurn, tell } from './state.ts'

/**
 * Asks for new offers for a job of which nothing has come: whoever had it knows nothing of it, or is
 * gone. What is credited nowhere costs nothing, so this needs nobody's leave.
 * @returns false where something came, it is being stopped, or it was asked for too often
 */
export const askAnew = (turn: ClientTurn, job: ClientJob, reason: string): boolean => {
  const open = job.phase === 'sent' || job.phase === 'accepted'
  // A frame without a piece counts too: it may be paid for.
  const came = job.attempt !== null && framesIn(job.attempt) > 0
  return open && !came && again(turn, job, reason)
}

/** Asks for new offers for a job that has gone nowhere yet, since its node makes no invoice for the ticket it was offered. */
export const askUnsent = (turn: ClientTurn, job: ClientJob, reason: string): boolean =>
  job.phase === 'funding' && job.funding?.from === null && again(turn, job, reason)

const again = (turn: ClientTurn, job: ClientJob, reason: string): boolean => {
  const { state } = turn
  if (job.asks >= MOST_ASKS) return false
  job.asks++
  forgetOffers(turn, job)
  const latest = unixMs(job.times.asked + job.wish.deadlineMs)
  // An accepted job is given some time beyond its deadline (receiving.ts); this one is not accepted.
  if (job.times.accepted !== null) state.deadlines.set(`deadline:${job.id}`, latest)
  job.times.accepted = null
  job.waitsUntil = null
  tell(turn, job, { type: 'again', reason })
  if (state.link !== null) askAll(turn)
  return true
}

/**
 * There is nothing for it now, but may be soon: the router is asked again a little later, as long as the
 * wish says; where it takes no more of this key at once, as long as the job may take, since clients that
 * share a key wait for each other so. The last time is at the end of that wait.
 * @returns false where the time is up, the job began, or another router can be asked instead
 */
export const askLater = (turn: ClientTurn, job: ClientJob, why: Waiting): boolean => {
  const { state, now, random } = turn
  const early = job.phase === 'asking' || job.phase === 'pricing' || job.phase === 'sent'
  const mayWait = state.patient || (job.isOut && why !== 'limited')
  if (!early || job.dryRun || !mayWait) return false
  const until = waitsUntil(turn, job, why)
  if (now >= until) return false
  forgetOffers(turn, job)
  const wait = Math.min(LATER_MAX_MS, LATER_MS * 2 ** Math.min(job.declined, 10))
  job.declined++
  // Whoever was declined in the same moment does not come back in the same moment.
  const next = Math.min(until, now + wait / 2 + random.below(wait))
  state.deadlines.set(`later:${job.id}`, unixMs(next))
  tellWaiting(turn, job, why, until)
  return true
}

/**
 * The router takes nobody more from our address now: it is dialled again as long as the wish waits.
 * @returns false where the time is up, or another router can be asked instead
 */
export const dialLater = (turn: ClientTurn, job: ClientJob): boolean => {
  if (job.dryRun || !turn.state.patient) return false
  const until = waitsUntil(turn, job, 'crowded')
  if (turn.now >= until) return false
  tellWaiting(turn, job, 'crowded', until)
  return true
}

const tellWaiting = (turn: ClientTurn, job: ClientJob, why: Waiting, untilMs: UnixMs): void => {
  if (job.waitsFor !== why) tell(turn, job, { type: 'waiting', why, untilMs })
  job.waitsFor = why
}

/** Until when it may be put off, for this reason. */
const waitsUntil = ({ state, now }: ClientTurn, job: ClientJob, why: Waiting): UnixMs => {
  const deadline = state.deadlines.dueAt(`deadline:${job.id}`) ?? now
  if (why === 'limited') return deadline
  // What a node had and has no more waits as long as a link may be away: those who could do it may be back then.
  const { awayMs } = state.bounds
  const least = wasTaken(job) ? 2 * awayMs : why === 'sheet' ? awayMs : 0
  job.waitsUntil ??= unixMs(now + Math.max(job.wish.waitMs, least))
  return unixMs(Math.min(deadline, job.waitsUntil))
}

/** A node had it and has it no more, or refused it for its tab: nothing of it came, and it is asked for again. */
const wasTaken = (job: ClientJob): boolean => job.asks > 0 || job.unfunded > 0

/** It was offered before: where nobody offers it now, they may be back. */
export const wasOffered = (job: ClientJob): boolean => wasTaken(job) || job.declined > 0

/** Back to the beginning: what was offered is of no use any more. */
export const forgetOffers = (turn: ClientTurn, job: ClientJob): void => {
  const { state } = turn
  endAttempt(turn, job)
  if (job.askId) state.byAsk.delete(job.askId)
  state.deadlines.clear(`ask:${job.id}`)
  Object.assign(job, { attempt: null, askId: null, offersMessage: null, tickets: [], offers: [] })
  job.funding = null
  job.phase = 'waiting'
  job.started = false
  job.resend = false
}

const MOST_ASKS = 3
const LATER_MS = 200
const LATER_MAX_MS = 2_000
