import { type UnixMs, unixMs } from '../base/clock.ts'
import type { EventId } from './ids.ts'

/** Twice the freshness window: an event dated 60 s ahead stays fresh for two minutes. */
const WINDOW_MS = 120_000
/** About 60 MB when full: 8,700 events a second, all the time. */
const MAX_IDS = 2 ** 20

/**
 * The ids that were admitted, for as long as their events could be fresh (protocol.md, section 1,
 * rule 5). Two generations: ids go into the younger; every `windowMs` the older is dropped and the
 * younger becomes the older. So an id is kept for one window at least, two at most.
 *
 * When full it takes nothing more until a generation has aged out: to drop ids early would open a
 * replay, and silently; to refuse says so, and costs nobody an id that was not admitted.
 */
export class ReplayCache {
  private young = new Set<number>()
  private old = new Set<number>()
  private turnedAt: UnixMs | undefined
  private readonly windowMs: number
  private readonly maxIds: number

  constructor(windowMs: number = WINDOW_MS, maxIds: number = MAX_IDS) {
    this.windowMs = windowMs
    this.maxIds = maxIds
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.young.size + this.old.size
  }

  seen(id: EventId, now: UnixMs): boolean {
    this.turn(now)
    const key = keyOf(id)
    return this.young.has(key) || this.old.has(key)
  }

  /** Remembers an id that was verified. False when the cache is full: then the event must be refused. */
  add(id: EventId, now: UnixMs): boolean {
    this.turn(now)
    if (this.size >= this.maxIds) return false
    this.young.add(keyOf(id))
    return true
  }

  /**
   * The clock was set by so many ms: ages are what they were. Else one that runs ahead for a moment
   * would forget all ids, and open a replay when it is right again.
   */
  shift(ms: number): void {
    if (this.turnedAt !== undefined) this.turnedAt = unixMs(this.turnedAt + ms)
  }

  // A clock that was set back turns nothing: ids are kept longer, never shorter.
  private turn(now: UnixMs): void {
    this.turnedAt ??= now
    const age = now - this.turnedAt
    if (age < this.windowMs) return
    this.old = age < 2 * this.windowMs ? this.young : new Set()
    this.young = new Set()
    this.turnedAt = now
  }
}

// 52 bits of the hash, which is what a double holds: a quarter of the memory of the text. With a
// full cache one honest event in 4 × 10⁹ is taken for another, and a forger would have to hit the
// id of an event that he has not seen.
const keyOf = (id: EventId): number => Number.parseInt(id.slice(0, 13), 16)
