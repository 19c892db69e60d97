import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { KINDS } from '../../protocol/kinds.ts'
import { usualMaxFee } from '../../spending/caps.ts'
import { topUpSum } from '../../spending/top-up.ts'
import type { JobId } from '../../protocol/ids.ts'
import { payOf } from './amounts.ts'
import { failAll, openFunding } from './funding.ts'
import { type TopUp, placeOf } from './money.ts'
import { notKnown } from './outcome.ts'
import { noInvoice } from './payee-faults.ts'
import { noWallet, refusalAt } from './plan.ts'
import type { ClientEvent, ClientTurn } from './state.ts'
import { endTopUp, unheard } from './top-up-end.ts'

/** A user wants money on a tab, with no job behind it: paid as what a job lacks is (funding.ts, invoices.ts). */

export const onTopUp = (
  turn: ClientTurn,
  { job: id, wish }: Extract<ClientEvent, { type: 'top_up' }>,
): void => {
  const { state, now } = turn
  const { money } = state
  if (!money) {
    const none = { node: wish.node, msat: null, maxFee: null, fee: null, paid: false, left: 0n }
    const news = { type: 'topped_up', ...none, fault: noWallet() } as const
    return void turn.effects.push({ do: 'tell', job: id, news })
  }
  const { maxFee } = wish
  const phase = 'waiting'
  const one: TopUp = { id, wish, phase, msat: null, maxFee, fee: null, rounds: 0 }
  money.topUps.set(id, one)
  const why = state.wantsProof ? wantsProof() : money.off ? tabOff() : null
  const fault = why ?? refusalAt(money, wish.node)
  if (fault) return endTopUp(turn, one, null, fault)
  state.deadlines.set(`topup:${id}`, unixMs(now + WITHIN_MS))
  begin(turn, one)
}

/** A link stands: what waited for one begins. */
export const beginTopUps = (turn: ClientTurn): void => {
  for (const one of turn.state.money?.topUps.values() ?? []) begin(turn, one)
}

/** The router's answer about the sheet of a node: how that is paid. */
export const onTopUpSheets = (turn: ClientTurn, id: JobId): void => {
  const one = turn.state.money?.topUps.get(id)
  if (one?.phase !== 'sheet') return
  if (payOf(turn, one.wish.node)) return pay(turn, one)
  // It was lost with the link, which is looked for.
  if (turn.state.link === null) return void (one.phase = 'waiting')
  endTopUp(turn, one, null, unknownNode())
}

/** A `topup:` deadline fell due: it is to begin anew, or nobody has answered. */
export const onTopUpDue = (turn: ClientTurn, id: JobId): void => {
  const one = turn.state.money?.topUps.get(id)
  if (!one) return
  if (one.phase === 'funding') return cancelTopUp(turn, id, lateOf(turn, one))
  if (one.phase === 'waiting' && one.rounds > 0 && turn.state.link !== null) return pay(turn, one)
  endTopUp(turn, one, null, silent())
}

/** What it waited for all the time: the router has answered, or it would not have come to this. */
const lateOf = ({ state }: ClientTurn, { wish: { node } }: TopUp): Fault => {
  const { funding, tab } = state.money!
  return funding.get(placeOf(node, tab(node).pubkey))?.stale?.fault ?? noInvoice('node')
}

/** Nobody waits any longer. What is on its way stays so. */
export const cancelTopUp = (turn: ClientTurn, id: JobId, why = left()): void => {
  const { money, deadlines } = turn.state
  const one = money?.topUps.get(id)
  if (!money || !one) return
  const place = placeOf(one.wish.node, money.tab(one.wish.node).pubkey)
  const funding = money.funding.get(place)
  if (funding?.topUp !== one) return endTopUp(turn, one, null, why)
  if (funding.phase === 'paid') return endTopUp(turn, one, funding, unheard())
  if (funding.phase === 'paying') return endTopUp(turn, one, funding, notKnown())
  endTopUp(turn, one, funding, why)
  if (funding.jobs.size > 0) return
  money.funding.delete(place)
  deadlines.clear(`fund:${place}`)
}

/** There is no router: what has not begun ends. */
export const failTopUps = (turn: ClientTurn, fault: Fault): void => {
  for (const one of turn.state.money?.topUps.values() ?? [])
    if (one.phase !== 'funding') endTopUp(turn, one, null, fault)
}

/** The client is closed. */
export const cancelTopUps = (turn: ClientTurn): void => {
  for (const id of turn.state.money?.topUps.keys() ?? []) cancelTopUp(turn, id)
}

/** The router passes our letter to nobody. */
export const onTopUpDeclined = (
  turn: ClientTurn,
  { id, reason }: Extract<ClientEvent, { type: 'declined' }>,
): void => {
  // It is asked again in a while.
  if (reason.startsWith('rate-limited')) return
  for (const one of turn.state.money?.funding.values() ?? [])
    if (one.phase === 'asked' && one.topUp && one.letter === id) failAll(turn, one, offline())
}

const begin = (turn: ClientTurn, one: TopUp): void => {
  const { state } = turn
  if (one.phase !== 'waiting' || state.link === null) return
  const { node } = one.wish
  if (payOf(turn, node)) return pay(turn, one)
  one.phase = 'sheet'
  const filter = { kinds: [KINDS.sheet], authors: [node], limit: 1 }
  turn.effects.push({ do: 'query', job: one.id, link: state.link, filter })
}

const pay = (turn: ClientTurn, one: TopUp): void => {
  const { state, now } = turn
  const money = state.money!
  const { wish } = one
  const { node } = wish
  if (state.wantsProof) return endTopUp(turn, one, null, wantsProof())
  const sum = topUpSum(wish.amount, money.view(node).seq, payOf(turn, node)!.granularity)
  if (sum instanceof Fault) return endTopUp(turn, one, null, sum)
  one.msat = sum
  one.maxFee = wish.maxFee ?? usualMaxFee(sum)
  if (wish.dryRun) return endTopUp(turn, one, null, null)
  const ref = money.tab(node).pubkey
  if (money.funding.has(placeOf(node, ref)) || ++one.rounds > MOST_ROUNDS)
    return endTopUp(turn, one, null, busy())
  one.phase = 'funding'
  state.deadlines.set(`topup:${one.id}`, unixMs(now + PAID_WITHIN_MS))
  turn.effects.push({ do: 'tell', job: one.id, news: { type: 'funding', node } })
  const jobs = new Set<JobId>()
  openFunding(turn, { node, ref, timing: 'before', jobs, topUp: one, needed: sum })
}

/** How long a router may take until it has said how a node is paid. */
const WITHIN_MS = 10_000
/** How long is waited for the end of a payment: longer than a wallet is given for it. */
const PAID_WITHIN_MS = 120_000
const MOST_ROUNDS = 4

const tabOff = (): Fault =>
  new Fault('usage', 'top_up.off', 'with the tab off nothing is paid ahead', {
    hint: 'leave it on: --tab on',
  })

/** What is paid there would lie unused. */
const wantsProof = (): Fault =>
  new Fault(
    'refused',
    'top_up.proof',
    'the router wants to see each payment, so no job through it draws on a tab',
    { hint: 'name the router through which you will use it: --router' },
  )

const unknownNode = (): Fault =>
  new Fault('unavailable', 'top_up.unknown', 'the router knows no node of this key that is paid', {
    hint: 'see that it runs, or ask its own router: --router',
  })

const offline = (): Fault =>
  new Fault('unavailable', 'top_up.offline', 'the node is not at this router now', {
    hint: 'nothing was paid; try later, or ask its own router: --router',
  })

const silent = (): Fault =>
  new Fault('unavailable', 'router.silent', 'the router does not answer', {
    hint: 'ask another one with --router',
  })

const busy = (): Fault =>
  new Fault('again', 'top_up.busy', 'this node is being paid already', {
    hint: 'look at it with: fedai pay tabs',
  })

const left = (): Fault =>
  new Fault('interrupted', 'interrupted', 'nothing was paid', { hint: 'begin again when you like' })
