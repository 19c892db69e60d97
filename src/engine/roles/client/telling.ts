import { unixMs } from '../../base/clock.ts'
import { isFault } from '../../base/fault.ts'
import type { EventId, JobId, JobTag, PaymentHash, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { LEAST_INVOICE } from '../../protocol/terms.ts'
import type { ClientMoney, PurseEvent } from './money.ts'
import { paidNews } from './paid-news.ts'
import type { LateNews, News, Outcome } from './news.ts'
import type { Attempt, ClientJob, ClientTurn } from './state.ts'
import { leftAt, onItsWay, troubleAt } from './left.ts'

/**
 * Whoever asked may leave when a job is told to have ended. So that is told when the statement of a tab, and those before
 * it, are in our books, too, or a second after the receipt; when what is paid after the job is paid; and when what was
 * held for it is back.
 */

/** A job that is over and not told to be; `n`: of the statement about its receipt, once that is here. */
export type Telling = Readonly<{
  receipt: EventId
  outcome: Outcome
  n: number | null
  /** It is paid now, and there is no dispute about it. */
  isAfter: boolean
  /** Our wallet has not said yet what became of the money that was held for it. */
  held: PaymentHash | null
  /** Whoever asked waits no longer than for what our wallet is paying. */
  isLeaving: boolean
}>

/** Tells it later. @returns false where nothing follows */
export const tellLater = (
  { state, now }: ClientTurn,
  { holds, fault }: ClientJob,
  { tag, body, offered }: Attempt,
  receipt: EventId,
  outcome: Outcome,
): boolean => {
  const { money, link } = state
  if (!money || link === null) return false
  const hold = holds.get(offered.node)
  const held = hold && hold.state !== 'over' ? hold.hash : null
  if (held === null && !money.expected.has(tag)) return false
  const isAfter = body.timing === 'after' && outcome.verified === true
  const isLeaving = fault?.kind === 'interrupted'
  const one = { receipt, outcome, n: null, isAfter, held, isLeaving }
  money.telling.set(tag, one)
  const isPaid = held !== null || owes(one)
  const within = !isPaid ? TOLD_WITHIN_MS : isLeaving ? LEAVES_WITHIN_MS : PAID_WITHIN_MS
  state.deadlines.set(`told:${tag}`, unixMs(now + within))
  return true
}

/** The statement about its receipt came, or with its job; the purse counts it. */
export const hasStatement = (
  { state }: ClientTurn,
  { event, body }: Message<'statement'>,
  cameWith?: JobTag,
): void => {
  const { telling } = state.money!
  for (const [tag, one] of telling) {
    const { receipt, outcome } = one
    if ((receipt !== body.receipt && tag !== cameWith) || outcome.node !== event.pubkey) continue
    const bundle = { ...outcome.bundle, statement: event }
    telling.set(tag, { ...one, n: body.n, outcome: { ...outcome, bundle } })
  }
}

/** All that a node said up to this number is counted, or will not be soon. */
export const tellUpTo = (turn: ClientTurn, node: PubKey, last: number): void => {
  for (const [tag, one] of turn.state.money!.telling)
    if (one.n !== null && one.n <= last && one.outcome.node === node && !owes(one))
      tellNow(turn, tag)
}

/** Whoever asked for this job does not wait any more, but for what has left our wallet: it is told as paid, not as owed. */
export const tellAtOnce = (turn: ClientTurn, job: JobId): void => {
  const { state, now } = turn
  for (const [tag, one] of state.money?.telling ?? []) {
    if (one.outcome.job !== job) continue
    if (!isBeingPaid(state.money!, one)) {
      tellNow(turn, tag)
      continue
    }
    state.money!.telling.set(tag, { ...one, isLeaving: true })
    state.deadlines.set(`told:${tag}`, unixMs(now + LEAVES_WITHIN_MS))
  }
}

/**
 * A payment is about to begin: who waits for it hears of it; where nobody does, whose job there has just ended. Where
 * that was told already, whoever opened the client hears it (`background`): no sum leaves unsaid.
 */
export const tellPaying = (
  { state, effects }: ClientTurn,
  waiting: readonly ClientJob[],
  news: Extract<News, { type: 'paying' }>,
): void => {
  const ended = [...state.money!.telling.values()].filter(
    ({ outcome }) => outcome.node === news.node,
  )
  const jobs = waiting.length > 0 ? waiting.map(({ id }) => id) : ended.map((it) => it.outcome.job)
  if (jobs.length === 0) jobs.push(NOBODY)
  for (const job of jobs) effects.push({ do: 'tell', job, news })
}

/** What a node signed does not hold: the jobs that ended there hear it, else those that are there. */
export const tellWrong = (
  { state, effects }: ClientTurn,
  news: Extract<News, { type: 'statement' }>,
): void => {
  const { telling, told } = state.money!
  // What it signed is sent again where something before it is missing.
  if (told.get(news.node) === news.detail) return
  told.set(news.node, news.detail)
  if (told.size > MOST_TOLD) told.delete(told.keys().next().value!)
  const ended = [...telling.values()].flatMap(({ outcome }) =>
    outcome.node === news.node ? [outcome.job] : [],
  )
  const here = [...state.jobs.values()].flatMap(({ id, attempt }) =>
    attempt?.offered.node === news.node ? [id] : [],
  )
  const jobs = ended.length > 0 ? ended : here
  for (const job of jobs.length > 0 ? jobs : [NOBODY]) effects.push({ do: 'tell', job, news })
}

/** A payment to its node ended: what it owed is paid, or is not for now; what was held is back. */
export const tellPaid = (
  turn: ClientTurn,
  { node, hash, end }: Extract<PurseEvent, { type: 'payment' }>,
): void => {
  const { state, now, effects } = turn
  const isPaid = !isFault(end) && end.state === 'settled'
  for (const [tag, one] of state.money!.telling) {
    const { outcome } = one
    if (one.held !== hash && (outcome.node !== node || !owes(one))) continue
    if (one.held === hash || !isPaid) {
      tellNow(turn, tag)
      continue
    }
    const { job, left } = outcome
    effects.push({ do: 'tell', job, news: paidNews(node, end) })
    const less = { ...one, outcome: { ...outcome, left: left! + end.msat } }
    state.money!.telling.set(tag, less)
    if (owes(less)) continue
    if (outcome.bundle.statement || one.isLeaving) tellNow(turn, tag)
    else state.deadlines.set(`told:${tag}`, unixMs(now + TOLD_WITHIN_MS))
  }
}

/** It did not come in time; or nobody waits any more. */
export const tellNow = ({ state, effects }: ClientTurn, tag: JobTag): void => {
  const one = state.money?.telling.get(tag)
  state.money?.telling.delete(tag)
  state.deadlines.clear(`told:${tag}`)
  if (!one) return
  // What is left there is one sum of all jobs: a payment for two of them is on the tab once, and a receipt that was lost
  // before this job may be counted since.
  const { node, left: then } = one.outcome
  const isOnTab = node !== null && then !== null
  const left = isOnTab ? leftAt(state.money!, node) : then
  const isOwed = one.isAfter && isOnTab
  const paying = isOwed
    ? onItsWay(state.money!, node, leftAt(state.money!, node))
    : one.outcome.paying
  const trouble = isOnTab ? troubleAt(state.money!, node) : {}
  const outcome = { ...one.outcome, left, paying, ...trouble }
  effects.push({ do: 'tell', job: outcome.job, news: { type: 'ended', outcome } })
}

/** Its node asks for what it is owed from here on; less is carried to the next invoice. */
const owes = ({ isAfter, outcome: { left } }: Telling): boolean =>
  isAfter && left !== null && -left >= LEAST_INVOICE

const isBeingPaid = (money: ClientMoney, one: Telling): boolean => {
  const { node, left } = one.outcome
  return owes(one) && onItsWay(money, node!, left!) > 0n
}

export const isForLater = (news: News): news is LateNews =>
  news.type === 'paying' || news.type === 'statement'

const NOBODY = '' as JobId
const MOST_TOLD = 1_024
/** How long after its receipt. */
const TOLD_WITHIN_MS = 1_000
/** The payment goes on without us; a later process finds how it ended. After Ctrl-C a command is gone within 5 s. */
const PAID_WITHIN_MS = 10_000
const LEAVES_WITHIN_MS = 2_500
