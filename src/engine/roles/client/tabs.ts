import { toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { sealLetter } from '../../identity/letters.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import { topUpOf } from '../../metering/tab-top-up.ts'
import { draftOf } from '../../protocol/draft.ts'
import { eventText } from '../../protocol/event.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import type { Contents, Message } from '../../protocol/messages.ts'
import { STATEMENT_PAGE } from '../../protocol/sync.ts'
import type { Kept } from '../../storage/store.ts'
import { isLie } from '../../spending/ledger-findings.ts'
import { countedOf, isOverCeiling } from '../../spending/ledger.ts'
import { leftAt, owedAt } from './left.ts'
import type { PurseEvent } from './purse-effects.ts'
import { type Attempt, type ClientJob, type ClientTurn, say } from './state.ts'
import { countedIn, hasStatement, tellUpTo, tellWrong } from './telling.ts'

/** What we have at a node, by the receipts that we answered, and what it signs of it. */

/** Says something about money to a node: signed by our tab's key there, sealed for it alone. */
export const tellNode = <K extends 'fund' | 'tab_sync'>(
  turn: ClientTurn,
  node: PubKey,
  name: K,
  content: Omit<Contents[K], 'nonce'>,
): EventId => {
  const { state, now, random } = turn
  const said = { ...content, nonce: toHex(random.bytes(16)) } as Contents[K]
  const inner = state.money!.tab(node).sign(draftOf(name, said, { now, net: state.net, to: node }))
  const sealed = sealLetter(state.signer, node, eventText(inner), random)
  return say(turn, 'money', { sealed }, { to: node }).id
}

/** What jobs that run have used of a tab by what came of them: no receipt says it yet. */
export const runningAt = (jobs: Iterable<ClientJob>, node: PubKey, key: PubKey): bigint => {
  let sum = 0n
  for (const { attempt, phase } of jobs)
    if (attempt && keyOf(attempt) === key && attempt.offered.node === node && phase !== 'over')
      sum += attempt.cost
  return sum
}

/** The key whose tab a job draws on. It is another one than now where our router began to want proofs meanwhile. */
export const keyOf = ({ draw }: Attempt): PubKey | null => draw && draw.pubkey

/** A receipt of a job that drew on a tab was answered: its statement follows, and maybe the next top-up. */
export const countReceipt = (
  turn: ClientTurn,
  attempt: Attempt,
  { event, body }: Message<'receipt'>,
  disputed: boolean,
): void => {
  const { state, now } = turn
  const money = state.money!
  const { offered, body: asked, tag, secrets, lock, isLost } = attempt
  const { node, ceiling } = offered
  const { cost, job } = body
  const receipt = { id: event.id, job, cost, ceiling, disputed }
  const isOver = isOverCeiling(receipt)
  if (isOver) turn.effects.push({ do: 'pin', node })
  // What is paid for the whole or not at all is on the tab in that moment alone.
  if (lock && body.status !== 'ok') return
  const key = keyOf(attempt)!
  turn.effects.push({ do: 'charge', node, key, receipt })
  money.uncounted.set(event.id, { node, key, cost: countedOf(receipt), disputed, isLie: isOver })
  // The statement follows the receipt, under a key that the job's end forgets.
  const of = { id: event.id, kind: 'receipt', job, ticket: body.ticket, by: node, at: now } as const
  const kept = { ...of, text: eventText(event) }
  money.expected.set(tag, { node, key, receipt: kept, secret: secrets.money })
  // With a link that broke it may be lost: a router keeps receipts alone.
  const within = isLost ? AFTER_LOSS_MS : STATEMENT_WITHIN_MS
  state.deadlines.set(`statement:${tag}`, unixMs(now + within))
  const left = leftAt(money, node)
  const { agreed } = owedAt(money, node)
  // Another one like it would not be covered; one that is paid while it runs needs little to begin.
  const lowest = asked.timing === 'stream' ? topUpOf(0, msat(0n), msat(1n)) : ceiling
  if (money.off && !disputed && agreed > 0n) money.owing.set(job, node)
  if (money.owing.size > MOST_NODES) money.owing.delete(money.owing.keys().next().value!)
  // What is owed may be asked for by a top-up that nobody had paid.
  const isLow = left < lowest && (asked.timing !== 'after' || agreed > 0n)
  if (disputed) money.low.delete(node)
  else if (!money.off && !lock && isLow) money.low.set(node, unixMs(now + STATEMENT_WITHIN_MS))
  const isAsked = money.low.has(node) || money.owing.has(job)
  if (isAsked && money.early.has(node)) state.deadlines.set(`early:${node}`, now)
  else money.early.delete(node)
  if (money.low.size > MOST_NODES) money.low.delete(money.low.keys().next().value!)
}

/** A receipt is in the books. */
export const onCharged = (
  turn: ClientTurn,
  { receipt }: Extract<PurseEvent, { type: 'charged' }>,
): void => {
  turn.state.money!.uncounted.delete(receipt)
  countedIn(turn, receipt)
}

/** A statement: the purse holds it against our sums. @param answers where it came with a job: which, and its receipt */
export const onStatement = (
  turn: ClientTurn,
  node: PubKey,
  message: Message<'statement'>,
  key: PubKey,
  answers: Readonly<{ tag: Attempt['tag']; receipt: Kept | null }> | null,
): void => {
  const { event, body, text } = message
  const { state, now } = turn
  const money = state.money!
  const said = { ...body, node, key, id: event.id, text, at: now }
  hasStatement(turn, message, answers?.tag)
  const to = { do: 'statement', said, answers: answers?.receipt ?? null, isLast: false } as const
  // Of a tab that is used no more: nothing else of it is asked for.
  if (key !== money.tab(node).pubkey)
    return void turn.effects.push({ ...to, alone: false, isAnswer: true })
  note(money.heard, node, Math.max(body.n, money.heard.get(node) ?? 0))
  // Receipts that were answered are counted by the purse before it comes to this.
  turn.effects.push({ ...to, alone: isAlone(turn, node), isAnswer: answers === null })
}

/** No job of ours is at work there. */
const isAlone = ({ state }: ClientTurn, node: PubKey): boolean =>
  ![...state.jobs.values()].some(
    ({ attempt }) => attempt?.accepted && attempt.offered.node === node,
  )

/** A statement is in our books, or cannot be counted yet: where one before it is missing, that is asked for. */
export const onChecked = (
  turn: ClientTurn,
  { said, isAnswer, isLast, wrong }: Extract<PurseEvent, { type: 'checked' }>,
): void => {
  const { money, deadlines } = turn.state
  const { node, n } = said
  const isUncertain = wrong.some(({ check }) => check === 'statement.counted')
  if (isUncertain && !isLast) keepUncertain(turn, said)
  else if (!isUncertain) retry(turn, node, false)
  const last = money!.view(node).n
  // What was asked for and did not help is asked for again, and not waited for.
  const isStuck = money!.asked.get(node) === last && (isAnswer || !deadlines.has(`tab:${node}`))
  if (last < n && !isAnswer) askTab(turn, node)
  // Sums may part as long as something before it is missing, or one of our jobs there is not counted yet.
  const isFinal = last >= n || (isStuck && isAlone(turn, node))
  // One line a statement: lies stand first, and what else does not hold follows from them.
  const first = wrong.find(
    (it) =>
      isLie(it) ||
      (it.check === 'statement.counted' ? isLast : isFinal && it.check !== 'statement.receipt'),
  )
  if (first) {
    const { check, detail } = first
    tellWrong(turn, { type: 'statement', node, check, detail, lie: isLie(first) })
  }
  tellUpTo(turn, node, isStuck ? Infinity : last)
}

/** It may be a receipt that was lost, or a lie about one that is here: what else the node signed tells. */
const keepUncertain = ({ state, now }: ClientTurn, said: SignedStatement): void => {
  const { uncertain } = state.money!
  const others = (uncertain.get(said.node) ?? []).filter((it) => it.n !== said.n)
  const all = [...others, said].toSorted((a, b) => a.n - b.n).slice(0, STATEMENT_PAGE)
  uncertain.set(said.node, all)
  if (uncertain.size > MOST_NODES) uncertain.delete(uncertain.keys().next().value!)
  const due = `tab:${said.node}`
  if (!state.deadlines.has(due)) state.deadlines.set(due, unixMs(now + ASK_EVERY_MS))
}

/** One more is counted: others may be now, too. */
const retry = (turn: ClientTurn, node: PubKey, isLast: boolean): void => {
  const { uncertain } = turn.state.money!
  const all = uncertain.get(node) ?? []
  uncertain.delete(node)
  const alone = isAlone(turn, node)
  for (const said of all)
    turn.effects.push({ do: 'statement', said, alone, isAnswer: true, answers: null, isLast })
}

/** A `statement:` deadline fell due: it did not come. */
export const onStatementDue = (turn: ClientTurn, tag: Attempt['tag']): void => {
  const { expected } = turn.state.money!
  const missing = expected.get(tag)
  expected.delete(tag)
  if (missing) askTab(turn, missing.node)
}

/**
 * Asks a node for what it signed of our tab since we heard of it; not more than once a second.
 * @param paid number of an invoice that was paid, where whether it has that is asked: at once
 */
export const askTab = (turn: ClientTurn, node: PubKey, paid?: number): void => {
  const { state, now } = turn
  const { asked, view } = state.money!
  asked.delete(node)
  if ((paid === undefined && state.deadlines.has(`tab:${node}`)) || state.link === null) return
  const since = view(node).n
  note(asked, node, since)
  state.deadlines.set(`tab:${node}`, unixMs(now + ASK_EVERY_MS))
  tellNode(turn, node, 'tab_sync', { since, ...(paid !== undefined && { paid }) })
}

/** A `tab:` deadline fell due: what was asked for may have come, and may not have been all. */
export const onTabDue = (turn: ClientTurn, node: PubKey): void => {
  const { asked, heard, view } = turn.state.money!
  const last = view(node).n
  const since = asked.get(node)
  const isMore = (heard.get(node) ?? 0) > last || last - (since ?? last) >= STATEMENT_PAGE
  // What it says and we cannot count does not bring us further: it is not asked for without end.
  if (isMore && since !== last) askTab(turn, node)
  else retry(turn, node, true)
}

/** A job that drew on a tab ended without a receipt: what its node charged is asked for a while later. */
export const awaitTab = ({ state, now }: ClientTurn, attempt: Attempt): void => {
  const { offered, tag, secrets } = attempt
  const key = keyOf(attempt)
  if (!state.money || key === null) return
  const { node } = offered
  state.money.expected.set(tag, { node, key, receipt: null, secret: secrets.money })
  state.deadlines.set(`statement:${tag}`, unixMs(now + STATEMENT_WITHIN_MS))
}

/** Of so many nodes at most. */
const note = (of: Map<PubKey, number>, node: PubKey, n: number): void => {
  of.delete(node)
  of.set(node, n)
  if (of.size > MOST_NODES) of.delete(of.keys().next().value!)
}

/** How long after its receipt a statement may come. */
const STATEMENT_WITHIN_MS = 30_000
const AFTER_LOSS_MS = 2_000
const ASK_EVERY_MS = 1_000
const MOST_NODES = 1_024
