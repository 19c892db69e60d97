import type { UnixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Msat } from '../../base/money.ts'
import type { Funding, TopUp } from './money.ts'
import type { News } from './news.ts'
import type { ClientTurn } from './state.ts'
import { leftAt } from './left.ts'
import { asTopUp } from './tab-faults.ts'

/** How a top-up ends, and what is told of it. */

/** Tells how it ended; nothing of it is kept. */
export const endTopUp = (
  turn: ClientTurn,
  one: TopUp,
  funding: Funding | null,
  fault: Fault | null,
): void => {
  const { state } = turn
  const money = state.money!
  const { id, wish, msat, maxFee, fee } = one
  // Who has left hears no more of it.
  if (!money.topUps.delete(id)) return
  state.deadlines.clear(`topup:${id}`)
  const paid = funding?.phase === 'paid'
  const { node } = wish
  const why = fault && asTopUp(fault)
  const end = { node, msat, maxFee, fee, paid, left: leftAt(money, node), fault: why }
  turn.effects.push({ do: 'tell', job: id, news: { type: 'topped_up', ...end } })
}

/** Its invoice is being paid, or was. */
export const tellTopUp = (
  turn: ClientTurn,
  one: TopUp,
  news: Extract<News, { type: 'paying' | 'paid' }>,
): void => {
  one.msat = news.msat
  if (news.type === 'paid') one.fee = news.fee
  turn.effects.push({ do: 'tell', job: one.id, news })
}

/** Its node has an invoice over another sum out, whose end is waited for. */
export const tellOther = (
  { effects, state }: ClientTurn,
  { id, wish }: TopUp,
  other: Readonly<{ msat: Msat; untilMs: UnixMs }>,
): void => {
  const { node } = wish
  if (state.money!.topUps.has(id))
    effects.push({ do: 'tell', job: id, news: { type: 'other_invoice', node, ...other } })
}

/** Its node has the money, or has found some that we had paid before: then it is asked anew for this. */
export const topUpFunded = (turn: ClientTurn, funding: Funding): void => {
  const { topUp, phase, credited } = funding
  if (!topUp) return
  if (phase === 'paid') return endTopUp(turn, topUp, funding, credited ? null : unheard())
  topUp.phase = 'waiting'
  turn.state.deadlines.set(`topup:${topUp.id}`, turn.now)
}

/** It settled, and nothing is heard of the node. */
export const unheard = (): Fault =>
  new Fault('uncertain', 'top_up.unheard', 'it is paid, and the node has not said that it has it', {
    hint: 'do not pay again; it counts it with the next job: fedai pay tabs',
  })
