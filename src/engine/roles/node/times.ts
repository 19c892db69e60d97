import { unixMs } from '../../base/clock.ts'
import { shiftHeld } from '../../metering/invoice-book-slots.ts'
import { shiftTabs } from '../../metering/tab.ts'
import type { NodeState } from './state.ts'

/** The clock was set by so many ms (loop.ts): the times of a receipt stay in order, and its spans true. */
export const shiftTimes = ({ jobs, till }: Pick<NodeState, 'jobs' | 'till'>, by: number): void => {
  if (till) {
    till.replay.shift(by)
    till.book.deadlines.shift(by)
    shiftTabs(till.tabs, by)
    shiftHeld(till.held, by)
  }
  for (const job of jobs.values()) {
    job.acceptedAt = unixMs(job.acceptedAt + by)
    job.firstAt &&= unixMs(job.firstAt + by)
    job.waitsUntil &&= unixMs(job.waitsUntil + by)
  }
}
