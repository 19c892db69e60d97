import { msat } from '../../base/money.ts'
import { topUpOf } from '../../metering/tab-top-up.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { leftAt } from './left.ts'
import type { Offered } from './offered.ts'
import type { ClientJob, ClientTurn } from './state.ts'

/** What jobs draw on a tab, msat: one that goes out may cost its whole ceiling. */

/** Ceilings of the jobs that draw on a tab now, but this one. */
export const drawnAt = (jobs: Iterable<ClientJob>, node: PubKey, but: ClientJob): bigint => {
  let sum = 0n
  for (const job of jobs)
    if (job !== but && job.attempt?.drawn && !job.attempt.lock && job.attempt.offered.node === node)
      sum += job.attempt.offered.ceiling
  return sum
}

/**
 * The same with what jobs of other processes of this user draw there, where a top-up may lie there besides: where none
 * may, a job waits for them, and does not pay.
 */
export const drawnByAll = (
  { jobs, money }: ClientTurn['state'],
  { node, sheet }: Offered,
  but: ClientJob,
): bigint => {
  const { caps, view, others } = money!
  const next = topUpOf(view(node).seq, msat(0n), sheet.body.pay!.granularity)
  const own = drawnAt(jobs.values(), node, but)
  return caps.exposure !== null && leftAt(money!, node) + next > caps.exposure
    ? own
    : own + others(node)
}
