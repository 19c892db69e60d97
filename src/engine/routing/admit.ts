import type { Bounds } from '../base/bounds.ts'
import type { UnixMs } from '../base/clock.ts'
import type { PubKey } from '../protocol/ids.ts'

/** What a router remembers of one key. */
type KeyLimit = {
  /** Asks it may make now: a bucket that fills at its rate and holds one second's worth. */
  asks: number
  filledAt: UnixMs
  openJobs: number
  /** Its jobs that ended `ok` here. */
  served: number
  /** When each ticket that is held for it becomes free again. */
  holds: UnixMs[]
}

/** The tickets that are held for all unknown keys of one address: when each becomes free again. */
export type PlaceHolds = Map<string, UnixMs[]>

/** The limits of all keys, the least recently heard first. Changed in place; owned by the router's state. */
export type KeyLimits = Map<PubKey, KeyLimit>

type LimitBounds = Pick<
  Bounds,
  'asksPerSecondUnknown' | 'openJobsUnknown' | 'heldTicketsUnknown' | 'jobsPerLink' | 'holdMs'
>

/** Jobs that must have ended `ok` before a key is known (docs/protocol.md, keys). */
const KNOWN_AFTER = 20
/** A known key may ask this many times as often. */
const KNOWN_FACTOR = 10
/** Keys cost nothing to make, so what is remembered of them is bounded. */
const MOST_KEYS = 50_000

export const newKeyLimits = (): KeyLimits => new Map()

/** Whether 20 jobs of this key ended `ok` here. */
export const isKnown = (limits: KeyLimits, key: PubKey): boolean =>
  (limits.get(key)?.served ?? 0) >= KNOWN_AFTER

/** Takes one ask out of the key's bucket. @returns null, or why the ask is refused */
export const admitAsk = (
  limits: KeyLimits,
  key: PubKey,
  now: UnixMs,
  bounds: LimitBounds,
): string | null => {
  const rate = bounds.asksPerSecondUnknown * (isKnown(limits, key) ? KNOWN_FACTOR : 1)
  const limit = touch(limits, key, now, rate)
  const passed = Math.max(0, now - limit.filledAt)
  limit.asks = Math.min(rate, limit.asks + (passed / 1000) * rate)
  limit.filledAt = now
  if (limit.asks < 1) return `more than ${rate} asks a second`
  limit.asks -= 1
  return null
}

/** Counts a job as open, until `jobEnded`. @returns null, or why the job is refused */
export const admitJob = (limits: KeyLimits, key: PubKey, bounds: LimitBounds): string | null => {
  const most = isKnown(limits, key) ? bounds.jobsPerLink : bounds.openJobsUnknown
  const limit = limits.get(key) ?? newLimit(limits, key, 0 as UnixMs, bounds.asksPerSecondUnknown)
  if (limit.openJobs >= most) return `more than ${most} open jobs`
  limit.openJobs += 1
  // The job takes the ticket that was held for it.
  limit.holds.shift()
  return null
}

/** Counts a job as open that was admitted by another run of this router. */
export const countJob = (
  limits: KeyLimits,
  key: PubKey,
  now: UnixMs,
  bounds: LimitBounds,
): void => {
  const limit = limits.get(key) ?? newLimit(limits, key, now, bounds.asksPerSecondUnknown)
  limit.openJobs += 1
}

/**
 * Whether a ticket may be held for this key now; counts the hold, which lapses by itself. A
 * stranger holds two at a time, and so do all strangers of one address together, since keys cost
 * nothing: asking must cost others little. No hold is no refusal.
 * @param place what the address is counted by; null where many parties share it by their nature
 */
export const admitHold = (
  limits: KeyLimits,
  { key, place, places }: { key: PubKey; place: string | null; places: PlaceHolds },
  now: UnixMs,
  bounds: LimitBounds,
): boolean => {
  const limit = limits.get(key) ?? newLimit(limits, key, now, bounds.asksPerSecondUnknown)
  limit.holds = limit.holds.filter((until) => until > now)
  const known = isKnown(limits, key)
  const most = known ? bounds.jobsPerLink : bounds.heldTicketsUnknown
  if (limit.holds.length >= most) return false
  const until = (now + bounds.holdMs) as UnixMs
  if (!known && place !== null && !holdAt(places, place, until, now, most)) return false
  limit.holds.push(until)
  return true
}

const holdAt = (
  places: PlaceHolds,
  place: string,
  until: UnixMs,
  now: UnixMs,
  most: number,
): boolean => {
  const holds = (places.get(place) ?? []).filter((it) => it > now)
  if (holds.length >= most) return false
  // The newest last, so that those that have lapsed are found first.
  places.delete(place)
  places.set(place, [...holds, until])
  for (const [oldest, its] of places) {
    if (its.some((it) => it > now)) break
    places.delete(oldest)
  }
  return true
}

/** One open job fewer. */
export const jobEnded = (limits: KeyLimits, key: PubKey): void => {
  const limit = limits.get(key)
  if (limit) limit.openJobs = Math.max(0, limit.openJobs - 1)
}

/** A job of this key ended `ok`: one step towards being known. */
export const jobServed = (limits: KeyLimits, key: PubKey): void => {
  const limit = limits.get(key)
  if (limit) limit.served += 1
}

/** The key's limit, moved to the end of the table. */
const touch = (limits: KeyLimits, key: PubKey, now: UnixMs, asks: number): KeyLimit => {
  const limit = limits.get(key)
  if (!limit) return newLimit(limits, key, now, asks)
  limits.delete(key)
  limits.set(key, limit)
  return limit
}

const newLimit = (limits: KeyLimits, key: PubKey, now: UnixMs, asks: number): KeyLimit => {
  const limit: KeyLimit = { asks, filledAt: now, openJobs: 0, served: 0, holds: [] }
  limits.set(key, limit)
  if (limits.size > MOST_KEYS) forgetOne(limits)
  return limit
}

/**
 * Forgets the least recently heard key, a stranger's where there is one: forgetting a key that
 * has earned its place for one that was made a moment ago would let a crowd of new keys push out
 * the regulars. Keys with open jobs stay; a few steps must do, since this runs on every new key.
 */
const forgetOne = (limits: KeyLimits): void => {
  let oldest: PubKey | undefined
  let steps = 0
  for (const [key, limit] of limits) {
    if (steps++ >= 100) break
    if (limit.openJobs > 0) continue
    oldest ??= key
    if (limit.served >= KNOWN_AFTER) continue
    limits.delete(key)
    return
  }
  if (oldest) limits.delete(oldest)
}
