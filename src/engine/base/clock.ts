import type { Brand } from './brand.ts'

/** Milliseconds since 1970, as an integer. */
export type UnixMs = Brand<number, 'UnixMs'>
/** Seconds since 1970, as an integer: the unit of Nostr tags and `created_at`. */
export type UnixSec = Brand<number, 'UnixSec'>

export const unixMs = (n: number): UnixMs => Math.trunc(n) as UnixMs
export const toSec = (ms: UnixMs): UnixSec => Math.floor(ms / 1000) as UnixSec

/** The seam for time. Judgement gets `now` as an argument; only loops hold a Clock. */
export interface Clock {
  now(): UnixMs
  /** Milliseconds since some moment, which only grow: nobody sets this clock (CLOCK_MONOTONIC). */
  ticks(): number
  /** Calls back once, after `ms`; the returned function takes it back. */
  after(ms: number, call: () => void): () => void
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => unixMs(Date.now()),
  ticks: () => performance.now(),
  after: (ms, call) => {
    let timer: ReturnType<typeof setTimeout>
    // A longer one would be over at once, and whoever waits by it spin.
    const wait = (left: number): void => {
      const now = Math.min(left, MOST_TIMER_MS)
      timer = setTimeout(() => (left > now ? wait(left - now) : call()), now)
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
}

/** The longest that a timer of the runtime takes: 2^31 − 1 ms, 24 days. */
const MOST_TIMER_MS = 2_147_483_647
