import { type Clock, type UnixMs, unixMs } from './clock.ts'
import { Deadlines } from './deadlines.ts'

/** A clock that stands still until a test or the simulator moves it. */
export interface VirtualClock extends Clock {
  /** Runs everything that is due up to `until` (ms since 1970) and stops there. */
  run(until: number): Promise<void>
  /** `run` to `ms` from now. */
  advance(ms: number): Promise<void>
  /** Runs until nothing is pending, at most `limitMs` from now (default one hour); true when nothing is. */
  idle(limitMs?: number): Promise<boolean>
  /** How many calls wait. */
  pending(): number
}

/**
 * Calls come by time, then in the order in which they were asked for, and all promises that
 * follow from one call settle before the next: the same program gives the same run.
 * @param start ms since 1970
 */
export const virtualClock = (start = 1_800_000_000_000): VirtualClock => {
  let now = unixMs(start)
  let count = 0
  const deadlines = new Deadlines()
  const calls = new Map<string, () => void>()

  const run = async (until: number): Promise<void> => {
    await settle()
    for (;;) {
      const next = deadlines.next()
      if (next === undefined || next > until) break
      now = next
      for (const key of deadlines.due(now)) {
        const call = calls.get(key)
        // One that was taken back by a call of the same moment.
        if (!call) continue
        calls.delete(key)
        call()
        await settle()
      }
    }
    if (until > now) now = unixMs(until)
  }

  return {
    now: () => now,
    ticks: () => now,
    after(ms, call) {
      const key = String(count++)
      calls.set(key, call)
      deadlines.set(key, unixMs(now + Math.max(0, ms)))
      return () => {
        calls.delete(key)
        deadlines.clear(key)
      }
    },
    run,
    advance: (ms) => run(now + ms),
    async idle(limitMs = 3_600_000) {
      const limit: UnixMs = unixMs(now + limitMs)
      await settle()
      for (;;) {
        const next = deadlines.next()
        if (next === undefined) return true
        if (next > limit) return false
        await run(next)
      }
    },
    pending: () => calls.size,
  }
}

// A macrotask comes after all microtasks, however long their chain is; counting `await`s would not.
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
