import type { Fault } from '../../base/fault.ts'
import { drawnAt } from './drawn.ts'
import { type Funding, isPaidNow } from './money.ts'
import { isPayingPack } from './packs.ts'
import { planOf } from './plan.ts'
import type { ClientJob, ClientTurn } from './state.ts'

/** Jobs that wait for a node to be paid; and for room there, where no more may lie unused at it. */

/** The jobs that still wait for this node to be paid. */
export const waitingFor = ({ state }: ClientTurn, { node, jobs }: Funding): ClientJob[] =>
  [...jobs].flatMap((id) => {
    const job = state.jobs.get(id)
    if (!job || job.phase === 'cancelling') return []
    const isIts =
      job.phase === 'funding'
        ? job.funding?.offered.node === node
        : job.attempt?.drawn && job.attempt.offered.node === node
    return isIts ? [job] : []
  })

/** Whether anybody waits for it. */
export const isWanted = (turn: ClientTurn, one: Funding): boolean =>
  (one.topUp !== null && turn.state.money!.topUps.has(one.topUp.id)) ||
  waitingFor(turn, one).length > 0

/** Whether a payment for this job is on its way. */
export const isPaying = (turn: ClientTurn, job: ClientJob): boolean => {
  const { money } = turn.state
  const isPaid = job.phase === 'funding' && money !== null && isPaidNow(money, job.id)
  return isPayingPack(turn, job) || isPaid
}

/**
 * A payment would leave more at its node than `--max-exposure`. Where other jobs of ours hold a part of the tab
 * there, what waits does so until they end: they use it, or leave it to who comes next. So may those that have ended since it was asked for.
 * @returns false where nothing there will be free, or it was waited for long enough
 */
export const awaitsRoom = (turn: ClientTurn, one: Funding, fault: Fault): boolean => {
  const { state, now } = turn
  if (fault.code !== 'exposure.exceeded' || one.timing === 'hold') return false
  const waiting = waitingFor(turn, one)
  const first = waiting.find(({ phase }) => phase === 'funding')
  const drawn = first ? drawnAt(state.jobs.values(), one.node, first) : 0n
  const since = one.full?.since ?? now
  const mayHelp = drawn > 0n || isCovered(turn, one)
  if (!first || !mayHelp || now - since >= ROOM_WITHIN_MS) return false
  // What runs there has its node to wait for it, and not for long.
  for (const job of waiting) if (job.phase !== 'funding') job.unpaid = fault
  Object.assign(one, { phase: 'full', hash: null, full: { since, drawn, fault } })
  return true
}

/**
 * Looks whether it has to wait longer. `covered`: one of them needs no payment any more. `freed`: less is held,
 * so it may be paid now. `over`: it was waited for long enough.
 */
export const roomAt = (turn: ClientTurn, one: Funding): 'covered' | 'freed' | 'over' | 'none' => {
  const { state, now } = turn
  const full = one.full!
  const first = waitingFor(turn, one).find(({ phase }) => phase === 'funding')
  if (!first || isCovered(turn, one)) return 'covered'
  if (now - full.since >= ROOM_WITHIN_MS) return 'over'
  const drawn = drawnAt(state.jobs.values(), one.node, first)
  if (drawn < full.drawn) return 'freed'
  // Others may have begun meanwhile, on what was free.
  one.full = { ...full, drawn }
  return 'none'
}

/** Whether one of them may go out, or end, with what is there. */
const isCovered = (turn: ClientTurn, one: Funding): boolean =>
  waitingFor(turn, one).some((job) => {
    if (job.phase !== 'funding') return false
    const plan = planOf(turn, job, job.funding!.offered)
    return plan instanceof Error || plan.needed === 0n
  })

/** How long jobs wait for others at their node, and how often it is looked whether one has ended. */
const ROOM_WITHIN_MS = 60_000
export const ROOM_EVERY_MS = 500
