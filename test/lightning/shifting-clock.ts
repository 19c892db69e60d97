import { type Clock, unixMs } from '../../src/engine/base/clock.ts'

/** The machine's clock, which a test can put forward: what is due by then is called at once. */
export type ShiftingClock = Clock & { shift(ms: number): void }

export const shiftingClock = (): ShiftingClock => {
  let ahead = 0
  const waiting = new Set<{ due: number; call: () => void; timer: Timer }>()
  const ticks = () => performance.now() + ahead
  return {
    now: () => unixMs(Date.now() + ahead),
    ticks,
    after(ms, call) {
      const one = { due: ticks() + ms, call: () => {}, timer: setTimeout(() => one.call(), ms) }
      one.call = () => {
        waiting.delete(one)
        call()
      }
      waiting.add(one)
      return () => {
        waiting.delete(one)
        clearTimeout(one.timer)
      }
    },
    shift(ms) {
      ahead += ms
      for (const one of waiting) {
        clearTimeout(one.timer)
        one.timer = setTimeout(() => one.call(), Math.max(0, one.due - ticks()))
      }
    },
  }
}
