import { unixMs } from '../../base/clock.ts'
import type { NodeState } from './state.ts'

/** The clock was set by so many ms (loop.ts): the times of a receipt stay in order, and its spans true. */
export const shiftTimes = ({ jobs, till }: NodeState, by: number): void => {
  till?.replay.shift(by)
  till?.book.deadlines.shift(by)
  for (const job of jobs.values()) {
    job.acceptedAt = unixMs(job.acceptedAt + by)
    job.firstAt &&= unixMs(job.firstAt + by)
  }
}
