import type { UnixMs, UnixSec } from '../base/clock.ts'

/**
 * How far the clock by which a fresh event was dated is ahead of ours, in ms, to the second: an event's
 * time has no fraction. For events that answer something of ours, or name our challenge: those are fresh.
 */
export const aheadOf = (dated: UnixSec, now: UnixMs): number =>
  Math.ceil((dated * 1000 - now) / 1000) * 1000

/** Whether a difference is worth a word: less is the way, and clocks that are led gently. */
export const isOff = (aheadMs: number): boolean => Math.abs(aheadMs) >= WORTH_A_WORD_MS

/** `your clock is 20 s behind the router’s`, for who is told that the router’s is ahead. */
export const clockSentence = (routerAheadMs: number): string => {
  const side = routerAheadMs > 0 ? 'behind' : 'ahead of'
  return `your clock is ${Math.abs(routerAheadMs) / 1000} s ${side} the router’s`
}

const WORTH_A_WORD_MS = 5_000
