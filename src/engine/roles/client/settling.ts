import { unixMs } from '../../base/clock.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { JobId } from '../../protocol/ids.ts'
import { ASK_PAID_MS, proceed } from './funding.ts'
import { type Funding, placeOf } from './money.ts'
import type { ClientTurn } from './state.ts'

/** What a node is paid has settled: by our wallet's word, or by what another process of this user wrote. */

/** @param as what was paid, msat; by another process of ours, which may have heard already that its node has it */
export const settled = (
  turn: ClientTurn,
  one: Funding,
  { paid = msat(0n), others }: { paid?: Msat; others: boolean },
): void => {
  const { state, now, random } = turn
  const job = state.jobs.get(one.ref as JobId)
  if (job) job.paidAlone += paid
  // Each node numbers its own: one that the job moves to begins anew.
  job?.paidSeq.set(one.node, Math.max(job.paidSeq.get(one.node) ?? 0, one.seq))
  one.phase = 'paid'
  if (one.credited) return proceed(turn, one)
  one.asked = 0
  // Were all processes that wait to ask in one moment, a router could tell that they belong together.
  const asksIn = others ? random.below(ASK_PAID_MS[0]) : ASK_PAID_MS[0]
  state.deadlines.set(`fund:${placeOf(one.node, one.ref)}`, unixMs(now + asksIn))
}

/**
 * Another process of ours has paid into the tab while this one asked for an invoice: that may do for what waits here, too.
 * Who typed an amount means that one.
 */
export const paidByOthers = (turn: ClientTurn, one: Funding): boolean => {
  const { tab, view } = turn.state.money!
  const { node, ref, topUp, phase, before } = one
  const { seq } = view(node)
  if (phase !== 'asked' || topUp || ref !== tab(node).pubkey || seq <= before) return false
  Object.assign(one, { seq, hash: null, stale: null })
  settled(turn, one, { others: true })
  return true
}
