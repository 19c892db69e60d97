import { unixMs } from '../../base/clock.ts'
import type { ClientMoney } from './money.ts'
import type { ClientState } from './state.ts'

/** The clock was set by so many ms (loop.ts): what is told of a job is how long it took. */
export const shiftTimes = (
  { jobs, money }: Pick<ClientState, 'jobs' | 'money'>,
  by: number,
): void => {
  if (money) shiftMoney(money, by)
  for (const job of jobs.values()) {
    const { times } = job
    if (job.waitsUntil !== null) job.waitsUntil = unixMs(job.waitsUntil + by)
    times.asked = unixMs(times.asked + by)
    for (const what of ['offered', 'accepted', 'first'] as const)
      times[what] &&= unixMs(times[what] + by)
  }
}

/** A payment that is asked for, or held, or waits for room is given up after as long as before. */
const shiftMoney = ({ replay, funding, low, due, telling }: ClientMoney, by: number): void => {
  replay.shift(by)
  for (const one of funding.values()) {
    one.since = unixMs(one.since + by)
    if (one.stale) one.stale = { ...one.stale, until: unixMs(one.stale.until + by) }
    if (one.full) one.full = { ...one.full, since: unixMs(one.full.since + by) }
  }
  for (const [node, until] of low) low.set(node, unixMs(until + by))
  for (const [node, one] of due) due.set(node, { ...one, until: unixMs(one.until + by) })
  for (const [tag, one] of telling) telling.set(tag, { ...one, askAt: unixMs(one.askAt + by) })
}
