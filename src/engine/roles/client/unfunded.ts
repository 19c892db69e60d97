import { unixMs } from '../../base/clock.ts'
import { forgetOffers } from './again.ts'
import { holdOver } from './hold.ts'
import { isReserved, notCredited } from './outcome.ts'
import { type ClientJob, type ClientTurn, tell } from './state.ts'
import { askTab } from './tabs.ts'

/**
 * A node says that our tab does not cover a job that it covers by our count. We may have lost a receipt, or it the
 * word of a payment: it is asked for what it signed, and for the job again a little later. It is paid only where our own
 * count says then that other processes of ours draw on the tab.
 * @returns false where it said so too often, or the job is being stopped
 */
export const askFunded = (turn: ClientTurn, job: ClientJob): boolean => {
  const { state, now } = turn
  if (!state.money || !job.attempt?.drawn) return false
  const { node } = job.attempt.offered
  const hold = job.attempt.lock && job.holds.get(node)
  if (hold) hold.state = 'over'
  if (hold || job.unfunded >= MOST_UNFUNDED) {
    // What this job paid and its node denies is another matter than what others draw on.
    const why = hold
      ? holdOver()
      : job.fundings === 0 || state.money.others(node) > 0n
        ? isReserved()
        : notCredited()
    job.unpayable.set(node, why)
    return false
  }
  if (job.phase === 'cancelling') return false
  askTab(turn, node)
  forgetOffers(turn, job)
  tell(turn, job, { type: 'again', reason: 'unfunded' })
  const wait = UNFUNDED_WAITS_MS * 2 ** job.unfunded++
  state.deadlines.set(`later:${job.id}`, unixMs(now + wait))
  return true
}

/** How often a node may refuse one job that our tab covers, and how long it is waited for at first. */
const MOST_UNFUNDED = 4
const UNFUNDED_WAITS_MS = 500
