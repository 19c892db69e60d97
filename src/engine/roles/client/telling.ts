import { type UnixMs, unixMs } from '../../base/clock.ts'
import { isFault } from '../../base/fault.ts'
import type { EventId, JobId, JobTag, PaymentHash, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { LEAST_INVOICE } from '../../protocol/terms.ts'
import type { ClientMoney } from './money.ts'
import type { PurseEvent } from './purse-effects.ts'
import type { LateNews, News, Outcome } from './news.ts'
import { NOBODY } from './paid-news.ts'
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
  /** What was used there when it had ended, its own receipt included, msat. */
  upTo: bigint
  /** It waits until that is paid, and asks its node for the invoice then. */
  isOwing: boolean
  askAt: UnixMs
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
  const { paid } = money.view(offered.node)
  const upTo = outcome.left === null ? paid : usedAt(money, offered.node)
  const isOwing = isAfter && outcome.left !== null && upTo - paid >= LEAST_INVOICE
  const ends = { upTo, isOwing, askAt: unixMs(now + ASK_DUE_MS) }
  money.telling.set(tag, { receipt, outcome, n: null, isAfter, held, isLeaving, ...ends })
  const isPaid = held !== null || isOwing
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
    if (one.n !== null && one.n <= last && one.outcome.node === node && !one.isOwing)
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
  const isPaid = isFault(end) ? end.code === 'payment.repeated' : end.state === 'settled'
  for (const [tag, one] of turn.state.money!.telling)
    if (one.held === hash || (!isPaid && one.outcome.node === node && one.isOwing))
      tellNow(turn, tag)
  tellCovered(turn)
}

/** What was paid, by whichever process of ours, covers what was owed after these jobs: nothing else is waited for. */
export const tellCovered = (turn: ClientTurn): void => {
  const { state, now } = turn
  const money = state.money!
  for (const [tag, one] of money.telling) {
    if (!one.isOwing || owes(money, one)) continue
    money.telling.set(tag, { ...one, isOwing: false })
    if (one.outcome.bundle.statement || one.isLeaving) tellNow(turn, tag)
    else state.deadlines.set(`told:${tag}`, unixMs(now + TOLD_WITHIN_MS))
  }
}

/** Its receipt is in the books, and what other processes wrote there before it, too. */
export const countedIn = ({ state, now }: ClientTurn, receipt: EventId): void => {
  const money = state.money!
  for (const [tag, one] of money.telling) {
    const { node } = one.outcome
    if (one.receipt !== receipt || node === null) continue
    const used = usedAt(money, node)
    const counted = { ...one, upTo: used > one.upTo ? used : one.upTo }
    const isOwing = owes(money, counted)
    money.telling.set(tag, { ...counted, isOwing })
    // With what other commands have used before it, its node asks for it.
    if (isOwing && !one.isOwing && !one.isLeaving)
      state.deadlines.set(`told:${tag}`, unixMs(now + PAID_WITHIN_MS))
  }
}

/** Whether what is owed after a job is waited for. */
export const isOwing = ({ state }: ClientTurn): boolean =>
  [...state.money!.telling.values()].some((one) => one.isOwing)

/** Nodes that are to be asked now for what is owed; they are not again for a while. */
export const asksAt = ({ state, now }: ClientTurn): ReadonlySet<PubKey> => {
  const nodes = new Set<PubKey>()
  for (const [tag, one] of state.money!.telling) {
    const { node } = one.outcome
    if (!one.isOwing || node === null || now < one.askAt || isBeingPaid(state.money!, one)) continue
    state.money!.telling.set(tag, { ...one, askAt: unixMs(now + ASK_DUE_MS) })
    nodes.add(node)
  }
  return nodes
}

/** It did not come in time; or nobody waits any more. */
export const tellNow = ({ state, effects }: ClientTurn, tag: JobTag): void => {
  const money = state.money
  const one = money?.telling.get(tag)
  money?.telling.delete(tag)
  state.deadlines.clear(`told:${tag}`)
  if (!money || !one) return
  const { node, left: then } = one.outcome
  const hasTab = node !== null && then !== null
  const left = hasTab ? leftNow(money, one, node, then) : then
  const paying = one.isAfter && hasTab ? onItsWay(money, node, left!) : one.outcome.paying
  const trouble = hasTab ? troubleAt(money, node) : {}
  const outcome = { ...one.outcome, left, paying, ...trouble }
  effects.push({ do: 'tell', job: outcome.job, news: { type: 'ended', outcome } })
}

/**
 * What is left there is one sum of all jobs: a payment for two of them is on the tab once. What others have come to owe
 * there since this one ended is theirs to say.
 */
const leftNow = (money: ClientMoney, one: Telling, node: PubKey, then: bigint): bigint => {
  // A receipt that was lost before this job may be counted since.
  if (!one.isAfter) return one.outcome.leftEnds ? then : leftAt(money, node)
  const [left, owed] = [leftAt(money, node), owedBy(money, one)]
  const own = owed > 0n ? -owed : 0n
  return left < own ? own : left
}

/** Its node asks for what it is owed from here on; less is carried to the next invoice. */
const owes = (money: ClientMoney, one: Telling): boolean => owedBy(money, one) >= LEAST_INVOICE

/** What was owed when it had ended, and is not paid since. */
const owedBy = (money: ClientMoney, { isAfter, outcome: { node }, upTo }: Telling): bigint =>
  isAfter && node !== null ? upTo - money.view(node).paid : 0n

const isBeingPaid = (money: ClientMoney, one: Telling): boolean =>
  owes(money, one) && onItsWay(money, one.outcome.node!, -owedBy(money, one)) > 0n

/** All that is used there by our own count, receipts included that are on their way into the books. */
const usedAt = (money: ClientMoney, node: PubKey): bigint =>
  money.view(node).paid - leftAt(money, node)

export const isForLater = (news: News): news is LateNews =>
  news.type === 'paying' || news.type === 'paid' || news.type === 'statement'

const MOST_TOLD = 1_024
/** How long after its receipt. */
const TOLD_WITHIN_MS = 1_000
/** How soon a node is asked for what is owed where it has said nothing of that: it may have told another process. */
const ASK_DUE_MS = 600
/** The payment goes on without us; a later process finds how it ended. After Ctrl-C a command is gone within 5 s. */
const PAID_WITHIN_MS = 10_000
const LEAVES_WITHIN_MS = 2_500
