import { Fault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import { topUpOf } from '../../metering/tab-top-up.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { LEAST_INVOICE } from '../../protocol/terms.ts'
import { noTiming } from './credit.ts'
import { drawnAt, drawnByAll } from './drawn.ts'
import { holdPlan } from './hold.ts'
import type { ClientMoney, Timing } from './money.ts'
import { unproven } from './proving.ts'
import type { Offered } from './offered.ts'
import type { ClientJob, ClientTurn } from './state.ts'
import { isBroken, leftAt, owedAt } from './left.ts'
import { lostTab } from './lost-books.ts'
import { brokenTab, disputedTab } from './tab-faults.ts'

/** By which timing a job is paid, and what is to be paid before it goes out. */
export type Plan = Readonly<{ timing: Timing; needed: Msat }>

/** How a job is paid at a node; or why it cannot be. */
export const planOf = (turn: ClientTurn, job: ClientJob, offered: Offered): Plan | Fault => {
  const { money } = turn.state
  const { pay } = offered.sheet.body
  const { ceiling, row, node } = offered
  const here = job.offersMessage?.body.timings
  const its = row.timings.filter((it) => offered.ticket.body.timings.includes(it))
  // Whatever a router asks for: what costs nothing needs no payment.
  if (ceiling === 0n && its.includes('free')) return { timing: 'free', needed: NOTHING }
  const admitted = its.filter((it) => here?.includes(it) ?? true)
  if (!pay)
    return admitted.includes('after')
      ? { timing: 'after', needed: NOTHING }
      : noTiming(turn, job, offered, admitted)
  if (!money) return noWallet()
  const refusal = refusalAt(money, node)
  if (refusal) return refusal
  const wanted = admitted.filter((it) => job.wish.timings?.includes(it) ?? true)
  if (money.proves)
    return wanted.includes('before')
      ? { timing: 'before', needed: unproven(job, offered) }
      : noTiming(turn, job, offered, admitted)
  const { exposure } = money.caps
  // More than may lie at one node at once is paid while it is used.
  const fits = exposure === null || ceiling <= exposure
  if (wanted.includes('before') && (fits || !wanted.includes('stream')))
    return { timing: 'before', needed: lackOf(turn, job, offered) }
  if (wanted.includes('stream')) {
    const isEmpty = lackOf(turn, job, offered) >= ceiling
    const first = money.off
      ? firstOf(ceiling)
      : topUpOf(money.view(node).seq, NOTHING, pay.granularity)
    // Where nothing may lie there, the invoice that comes is refused with the sum that would have to be allowed.
    const usual = exposure !== null && exposure > 0n && first > exposure ? exposure : first
    const needed = isEmpty ? msat(usual + owedAt(money, node).agreed) : NOTHING
    return { timing: 'stream', needed }
  }
  if (wanted.includes('hold')) return holdPlan(turn, job, offered)
  return wanted.includes('after')
    ? { timing: 'after', needed: NOTHING }
    : noTiming(turn, job, offered, admitted)
}

/**
 * What the tab lacks for a whole job: what others draw on it is theirs, and what we owe is paid first. What those of
 * other processes draw counts once a node has said that it lacks something: one that was killed draws on nothing soon.
 */
export const lackOf = (turn: ClientTurn, job: ClientJob, offered: Offered): Msat => {
  const { node, ceiling } = offered
  const { jobs, money } = turn.state
  const debt = owedAt(money!, node).agreed
  const drawn =
    job.unfunded > 0 ? drawnByAll(turn.state, offered, job) : drawnAt(jobs.values(), node, job)
  const free = leftAt(money!, node) - drawn - waitingAt(turn, node, job)
  const lack = ceiling - (free > 0n ? free : 0n)
  return msat((lack > 0n ? lack : 0n) + debt)
}

/**
 * Of a job that is paid while it runs, and alone: no more than it may cost, since the rest is lost; and nothing is
 * left over that would need a whole invoice of the least that there is.
 */
export const firstOf = (most: Msat): Msat => partOf(most, USUAL)

export const partOf = (most: Msat, part: Msat): Msat => (most - part < LEAST_INVOICE ? most : part)

/** Ceilings of the jobs that wait for the same node to be paid, and were asked for earlier. */
const waitingAt = ({ state }: ClientTurn, node: string, before: ClientJob): bigint => {
  let sum = 0n
  for (const job of state.jobs.values()) {
    if (job === before) return sum
    const { funding } = job
    if (job.phase === 'funding' && funding?.offered.node === node && funding.timing !== 'hold')
      sum += funding.offered.ceiling
  }
  return sum
}

const NOTHING = msat(0n)
const USUAL = msat(10_000n)

/**
 * Why a node gets nothing more: it broke its word; it has lost its books; or it counts a disputed sum as owed, and would
 * take the next payment, whatever that is for, to pay it.
 */
export const refusalAt = (money: ClientMoney, node: PubKey): Fault | null => {
  if (isBroken(money, node)) return brokenTab(node)
  if (money.lost.has(node)) return lostTab(money, node)
  return owedAt(money, node).disputed > 0n ? disputedTab(node) : null
}

export const noWallet = (): Fault =>
  new Fault('refused', 'wallet.none', 'this node wants to be paid, and no wallet is connected', {
    hint: 'connect one: fedai pay connect',
  })
