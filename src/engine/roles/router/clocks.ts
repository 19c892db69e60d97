import type { UnixMs } from '../../base/clock.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { isOff } from '../../protocol/skew.ts'
import type { Turn } from './state.ts'

/** What the clocks of the last parties said when they proved their keys, and when we last spoke of it. */
export type Clocks = {
  ahead: Map<PubKey, number>
  peerSaidAt: UnixMs
  oursSaidAt: UnixMs
}

export const newClocks = (): Clocks => ({
  ahead: new Map(),
  peerSaidAt: 0 as UnixMs,
  oursSaidAt: 0 as UnixMs,
})

/**
 * A party proved its key by this clock. One that is off is said; where most of the last are, ours is.
 * Either is said now and then only: whoever comes a thousand times must not fill the log.
 */
export const noteClock = (turn: Turn, key: PubKey, aheadMs: number): void => {
  const { now } = turn
  const { clocks } = turn.state
  clocks.ahead.delete(key)
  clocks.ahead.set(key, aheadMs)
  if (clocks.ahead.size > LAST) clocks.ahead.delete(clocks.ahead.keys().next().value!)
  if (!isOff(aheadMs)) return
  const sorted = [...clocks.ahead.values()].toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]!
  if (sorted.length >= ENOUGH && isOff(median)) {
    if (now - clocks.oursSaidAt < HOUR_MS) return
    clocks.oursSaidAt = now
    const fields = { seconds: Math.abs(median) / 1000, ours_is: median > 0 ? 'behind' : 'ahead' }
    return void turn.effects.push({ do: 'log', level: 'warn', event: 'clock.off', fields })
  }
  if (now - clocks.peerSaidAt < QUIET_MS) return
  clocks.peerSaidAt = now
  const fields = {
    key,
    seconds: Math.abs(aheadMs) / 1000,
    its_is: aheadMs > 0 ? 'ahead' : 'behind',
  }
  turn.effects.push({ do: 'log', level: 'warn', event: 'clock.peer_off', fields })
}

const LAST = 16
/** Parties whose clocks must agree against ours. */
const ENOUGH = 3
const HOUR_MS = 3_600_000
const QUIET_MS = 10_000
