import type { Clock, UnixMs } from '../base/clock.ts'

/** Less is no setting of a clock, but its being led gently, or a timer that was late (adjtime, NTP). */
const CLOCK_SET_MS = 1_000

/**
 * A clock that somebody may set, watched by one that nobody sets. Where the two have parted no time has
 * gone by: what is due stays due in as long as before, or a job would end, or stall, by the mending of a
 * clock.
 */
export class SetClock {
  /** What the one says more than the other, ms. */
  private ahead: number

  constructor(private readonly clock: Clock) {
    this.ahead = clock.now() - clock.ticks()
  }

  /** What the clock says; `wasSet` is told before, by how many ms, where it was set since the last look. */
  now(wasSet: (by: number) => void): UnixMs {
    const now = this.clock.now()
    const by = Math.round(now - this.clock.ticks() - this.ahead)
    if (Math.abs(by) < CLOCK_SET_MS) return now
    this.ahead += by
    wasSet(by)
    return now
  }
}

/** The same clock; `wasSet` is told by how many ms it was set, before it says what the time is. */
export const watchedClock = (clock: Clock, wasSet: (by: number) => void): Clock => {
  const time = new SetClock(clock)
  return {
    now: () => time.now(wasSet),
    ticks: () => clock.ticks(),
    after: (ms, call) => clock.after(ms, call),
  }
}
