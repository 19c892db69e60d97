import { unixMs } from '../../base/clock.ts'
import type { ClientState } from './state.ts'

/** The clock was set by so many ms (loop.ts): what is told of a job is how long it took. */
export const shiftTimes = ({ jobs, money }: ClientState, by: number): void => {
  money?.replay.shift(by)
  for (const job of jobs.values()) {
    const { times } = job
    if (job.waitsUntil !== null) job.waitsUntil = unixMs(job.waitsUntil + by)
    times.asked = unixMs(times.asked + by)
    for (const what of ['offered', 'accepted', 'first'] as const)
      times[what] &&= unixMs(times[what] + by)
  }
}
