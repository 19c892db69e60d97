import { unixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import { noCredit } from './credit.ts'
import { drawnByAll } from './drawn.ts'
import { finishJob } from './ending.ts'
import { hasOf } from './lost-books.ts'
import { type Funding, newFunding, placeOf } from './money.ts'
import { notCredited, notKnown } from './outcome.ts'
import { giveBack, overAlone } from './own-invoice.ts'
import { noInvoice } from './payee-faults.ts'
import { hasRoute, useRoute } from './packs.ts'
import { type Plan, firstOf, partOf, planOf, refusalAt } from './plan.ts'
import { priceAt } from './price.ts'
import { canShow, notShown, showProofs } from './proving.ts'
import { sendJob } from './sending.ts'
import type { Offered } from './offered.ts'
import { type ClientJob, type ClientTurn, tell } from './state.ts'
import { leftAt } from './left.ts'
import { askTab, keyOf, tellNode } from './tabs.ts'
import { endTopUp, topUpFunded } from './top-up-end.ts'
import { ROOM_EVERY_MS, awaitsRoom, isWanted, roomAt, waitingFor } from './waiting.ts'

/** Before a job goes out its node is paid, where it wants to be and the tab there lacks something. */

/** Sends the job to a node, or the same to the next (`from`), once the tab there covers it. */
export const payThenSend = (
  turn: ClientTurn,
  job: ClientJob,
  offered: Offered,
  from: EventId | null,
): void => {
  // A job that moves has its route.
  const route = from !== null || hasRoute(turn, job, offered)
  if (route instanceof Error) return finishJob(turn, job, route)
  if (!route) return
  const plan = planOf(turn, job, offered)
  if (plan instanceof Error) return finishJob(turn, job, plan)
  if (plan.needed === 0n) {
    if (from === null) useRoute(turn, job)
    showProofs(turn, job, offered.node)
    return sendJob(turn, job, { offered, from, timing: plan.timing })
  }
  if (++job.fundings > MOST_FUNDINGS) return finishJob(turn, job, notCredited())
  job.phase = 'funding'
  job.funding = { offered, from, timing: plan.timing }
  fund(turn, job, offered.node, plan)
}

/** A job that runs has used up its tab, says its node: it gets more where our own count says so too. */
export const fundRunning = (turn: ClientTurn, job: ClientJob, short: Msat): void => {
  const { state } = turn
  const { drawn, offered, body } = job.attempt!
  const { timing } = body
  if (!drawn || timing === 'before' || timing === 'hold') return
  const money = state.money!
  const key = money.tab(offered.node).pubkey
  // It draws on a tab that our router wants to see no more.
  if (keyOf(job.attempt!) !== key) return
  // Who pays after it pays nothing ahead: it goes on where others there end in time and leave something.
  if (timing === 'after') return void (job.unpaid = noCredit(turn, job, offered))
  const { node, ceiling } = offered
  const refusal = refusalAt(money, node)
  if (refusal) return void (job.unpaid = refusal)
  const free = leftAt(money, node) - drawnByAll(state, offered, job)
  if (free >= ceiling) return
  const rest = free > 0n ? msat(ceiling - free) : ceiling
  // What is paid for it alone and not used is lost, whatever its node says that it lacks.
  if (money.off) {
    const part = firstOf(rest)
    return fund(turn, job, node, { timing, needed: partOf(rest, short > part ? short : part) })
  }
  fund(turn, job, node, { timing, needed: short < ceiling ? short : ceiling })
}

/** A `fund:` deadline fell due: no invoice came that can be paid, or no word that the money did. */
export const onFundDue = (turn: ClientTurn, place: string): void => {
  const { state, now } = turn
  const one = state.money?.funding.get(place)
  if (!one || (one.phase === 'paying' && one.timing !== 'hold')) return
  // What waited waits for the link now, and asks anew when that is back.
  if (!isWanted(turn, one)) return void state.money!.funding.delete(place)
  // What is held is paid and not: what its node's wallet has is for the node to say.
  if (one.phase === 'paying')
    return now - one.since >= HELD_WITHIN_MS ? failAll(turn, one, notKnown()) : ask(turn, one)
  if (one.phase === 'paid') {
    const next = ASK_PAID_MS[++one.asked]
    if (next === undefined) return proceed(turn, one)
    // Our wallet says that it is paid: its own is looked at when we ask.
    state.deadlines.set(`fund:${place}`, unixMs(now + next))
    return askPaid(turn, one)
  }
  if (one.phase === 'full') return onFull(turn, one)
  const { stale } = one
  const isOver = stale ? now >= stale.until : one.asks >= MOST_ASKS
  if (isOver) return failAll(turn, one, stale?.fault ?? noInvoice('node'))
  ask(turn, one)
}

/** Whether it has what was paid: it may have said so to another process of ours. */
const askPaid = (turn: ClientTurn, { node, ref, seq }: Funding): void =>
  askTab(turn, node, ref === turn.state.money!.tab(node).pubkey ? seq : undefined)

/** More would lie at its node than may: what waits goes on once others there have ended, or does not. */
export const notAllowed = (turn: ClientTurn, one: Funding, fault: Fault): void => {
  if (awaitsRoom(turn, one, fault)) onFull(turn, one)
  else failAll(turn, one, fault)
}

const onFull = (turn: ClientTurn, one: Funding): void => {
  const room = roomAt(turn, one)
  if (room === 'covered') return proceed(turn, one)
  if (room === 'over') return failAll(turn, one, one.full!.fault)
  if (room === 'none') return lookLater(turn, one)
  one.phase = 'asked'
  one.asks = 0
  ask(turn, one)
}

const lookLater = ({ state, now }: ClientTurn, { node, ref }: Funding): void =>
  state.deadlines.set(`fund:${placeOf(node, ref)}`, unixMs(now + ROOM_EVERY_MS))

/** The node has its money: what waited for it goes on. */
export const proceed = (turn: ClientTurn, one: Funding): void => {
  const { state } = turn
  const { node, jobs } = one
  // What we cannot show is not paid a second time.
  if (!canShow(turn, one)) return failAll(turn, one, notShown())
  endFunding(turn, one)
  topUpFunded(turn, one)
  for (const id of jobs) {
    const job = state.jobs.get(id)
    if (job?.phase !== 'funding' || job.funding?.offered.node !== node) continue
    payThenSend(turn, job, job.funding.offered, job.funding.from)
  }
}

/** What waited for this node ends: it cannot be paid. What runs there is ended by the node, and tells why. */
export const failAll = (turn: ClientTurn, one: Funding, fault: Fault): void => {
  endFunding(turn, one)
  const waiting = waitingFor(turn, one)
  const isAsked = one.asks > 0 || one.hash !== null
  const holder = one.timing === 'hold' && isAsked ? waiting[0] : undefined
  if (holder) giveBack(turn, holder, one.node)
  for (const job of waiting)
    if (job.phase === 'funding') payAnother(turn, job, fault)
    else job.unpaid = fault
  if (one.topUp) endTopUp(turn, one.topUp, one, fault)
}

/** Nothing is asked for or paid there any more. */
export const endFunding = ({ state }: ClientTurn, { node, ref }: Funding): void => {
  state.money!.funding.delete(placeOf(node, ref))
  state.deadlines.clear(`fund:${placeOf(node, ref)}`)
}

/** The offer by the next node that can be paid, where it was this one's fault; else the job ends. */
const payAnother = (turn: ClientTurn, job: ClientJob, fault: Fault): void => {
  const { offered, from } = job.funding!
  job.unpayable.set(offered.node, fault)
  const itsFault = fault.kind === 'again' || fault.kind === 'verification'
  const next = itsFault && from === null ? firstPayable(turn, job, job.offers) : undefined
  if (next) payThenSend(turn, job, next, null)
  else finishJob(turn, job, fault)
}

/** The first of some offers that is within the cap and can be paid. */
export const firstPayable = (
  turn: ClientTurn,
  job: ClientJob,
  offers: readonly Offered[],
): Offered | undefined => {
  const { cap } = job.wish
  return offers.find(
    (it) =>
      (cap === null || priceAt(turn, job, it) <= cap) &&
      !job.unpayable.has(it.node) &&
      !(planOf(turn, job, it) instanceof Error),
  )
}

const fund = (turn: ClientTurn, job: ClientJob, node: PubKey, { timing, needed }: Plan): void => {
  const { funding, off, tab } = turn.state.money!
  const ref = off || timing === 'hold' ? job.id : tab(node).pubkey
  const before = funding.get(placeOf(node, ref))
  if (before) {
    before.jobs.add(job.id)
    // Who typed an amount pays that one: what a job lacks besides is asked for after it.
    if (needed > before.needed && !before.topUp) before.needed = needed
    return
  }
  if (turn.state.money!.proves) tell(turn, job, { type: 'proof', router: turn.state.router })
  tell(turn, job, { type: 'funding', node })
  const over = ref === job.id ? overAlone(turn, job, { node, ref, needed }) : null
  openFunding(turn, { node, ref, timing, jobs: new Set([job.id]), topUp: null, needed }, over)
}

/** Begins to pay a node: it is asked for an invoice. @param over why what it will ask would not be paid */
export const openFunding = (
  turn: ClientTurn,
  wanted: Parameters<typeof newFunding>[0],
  over: Fault | null = null,
): void => {
  const { funding, view } = turn.state.money!
  const one = newFunding(wanted, turn.now, view(wanted.node).seq)
  funding.set(placeOf(one.node, one.ref), one)
  if (over) notAllowed(turn, one, over)
  else ask(turn, one)
}

const ask = (turn: ClientTurn, one: Funding): void => {
  const { state, now } = turn
  const { node, ref, timing } = one
  one.asks++
  state.deadlines.set(`fund:${placeOf(node, ref)}`, unixMs(now + INVOICE_WITHIN_MS))
  const waiting = waitingFor(turn, one).find((it) => it.phase === 'funding')
  const hold = waiting && { job: waiting.id, ticket: waiting.funding!.offered.ticket.event.id }
  const isTab = ref === state.money!.tab(node).pubkey
  one.letter = tellNode(turn, node, 'fund', {
    for: isTab ? 'topup' : 'job',
    ref,
    msat: String(one.needed),
    hold: hold ?? null,
    ...(timing === 'hold' && { timing }),
    ...hasOf(state.money!, node),
    ...(state.money!.proves && !isTab && { router: state.router }),
  })
}

const INVOICE_WITHIN_MS = 5_000
const MOST_ASKS = 3
/** How long a payment may be on its way until the node says that it waits: it is no use any more then. */
const HELD_WITHIN_MS = 75_000
/**
 * How long a node may take to say that it has what was paid, and then between the letters that ask it: it may have said
 * so to another process of ours. 6 s in all; then the job goes out all the same.
 */
export const ASK_PAID_MS = [300, 700, 2_000, 3_000] as const
/** How often a job waits for money before it is taken. */
const MOST_FUNDINGS = 16
