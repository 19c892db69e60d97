import { conclude } from './records.ts'
import type { NodeJob, NodeTurn } from './state.ts'

/** A `hold:` deadline fell due: our wallet has said what became of its money, or says nothing. */
export const onHoldDue = (turn: NodeTurn, job: NodeJob): void => {
  const { hold } = job
  if (!hold || job.phase === 'recording' || job.phase === 'recorded') return
  // If the wallet takes it after all, it is credited to the payer's tab.
  hold.outcome ??= 'canceled'
  if (hold.outcome === 'canceled')
    job.end = hold.closing
      ? { finish: 'error', status: 'node_failed', reason: 'unsettled' }
      : { finish: 'error', status: 'timeout', reason: 'hold' }
  conclude(turn, job)
}
