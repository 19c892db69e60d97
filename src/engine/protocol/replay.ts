import { type UnixMs, unixMs } from '../base/clock.ts'
import type { EventId } from './ids.ts'

/** Twice the freshness window: an event dated 60 s ahead stays fresh for two minutes. */
const WINDOW_MS = 120_000
/** 16 to 24 MB when full: 8,700 events a second, all the time. */
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
  private young = new Ids()
  private old = new Ids()
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
    this.old = age < 2 * this.windowMs ? this.young : new Ids()
    this.young = new Ids()
    this.turnedAt = now
  }
}

// 52 bits of the hash, which is what a double holds: a quarter of the memory of the text. With a
// full cache one honest event in 4 × 10⁹ is taken for another, and a forger would have to hit the
// id of an event that he has not seen.
const keyOf = (id: EventId): number => Number.parseInt(id.slice(0, 13), 16)

/**
 * A set of such keys as a table of doubles, with linear probing: a third of a Set's memory, and a collector reads
 * a Set whole each time that something was added to it. Keys are as random as hashes are; whoever searches for ids
 * that stand beside each other pays a signature for each, and makes the search for those alone longer.
 */
class Ids {
  size = 0
  /** Keys plus one; 0 is an empty slot. */
  private slots = new Float64Array(64)

  has(key: number): boolean {
    return this.slots[this.slotOf(key + 1)] !== 0
  }

  add(key: number): void {
    const at = this.slotOf(key + 1)
    if (this.slots[at] !== 0) return
    this.slots[at] = key + 1
    if (++this.size > this.slots.length * FULL) this.grow()
  }

  /** Where a value is, or would be. */
  private slotOf(value: number): number {
    const last = this.slots.length - 1
    let at = value & last
    for (let there = this.slots[at]; there !== 0 && there !== value; there = this.slots[at])
      at = (at + 1) & last
    return at
  }

  private grow(): void {
    const before = this.slots
    this.slots = new Float64Array(before.length * 2)
    for (const value of before) if (value !== 0) this.slots[this.slotOf(value)] = value
  }
}

/** The share of slots above which a table grows. */
const FULL = 0.7
