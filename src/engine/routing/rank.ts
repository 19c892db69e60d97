import { BOUNDS } from '../base/bounds.ts'
import type { UnixMs } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { JobClass } from '../protocol/fields.ts'
import type { PubKey } from '../protocol/ids.ts'
import {
  type Standing,
  type Standings,
  predictFirst,
  standingOf,
  successOf,
} from '../trust/standing.ts'
import type { Candidate } from './candidates.ts'
import { reasonOf } from './reasons.ts'

/** A candidate in its place, with why it stands there. */
export type Ranked = Readonly<{
  candidate: Candidate
  /** One sentence for people. */
  reason: string
  /** Predicted time to the first piece. */
  firstMs: number
}>

/** A candidate with everything that its place depends on. */
export type Weighed = Readonly<{
  candidate: Candidate
  standing: Standing | undefined
  firstMs: number
  /** What it costs all in all, in msat: price, time, and what a failure would cost. */
  total: number
}>

type InFlight = (node: PubKey) => Readonly<{ jobs: number; slots: number }>

/** What a millisecond is worth to the client, in msat. */
const VALUE_OF_TIME: Readonly<Record<JobClass, number>> = {
  batch: 0,
  balanced: 0.3,
  interactive: 2,
}
/** What a failure costs in time before the next node is at work. */
const RECOVER_MS = 5_000
/** Totals this near to the best are as good: predictions are not exact to the percent. */
const NEAR = 1.03
/** Time to the first piece where nothing at all was measured. */
const UNKNOWN_FIRST_MS = 500

/**
 * The best three, in order, by one number in msat:
 * `J = price + v·latency + (1 − p)/p · (v·recover + price/2)`, where `v` is the client's value of
 * time and `p` the lower bound of success. Price and latency are both taken at the job's `max`.
 * Among near ties the less loaded of two drawn at random wins: two routers that see the same
 * do not both run to the same node. Distinct nodes come first; a second ticket of one node is
 * of use only when the first was taken meanwhile, so it fills places that nobody else wants.
 */
export const rank = (
  candidates: readonly Candidate[],
  preferences: Readonly<{ class: JobClass }>,
  standings: Standings,
  inFlight: InFlight,
  now: UnixMs,
  random: Random,
): Ranked[] => {
  const weighed = weigh(candidates, VALUE_OF_TIME[preferences.class], standings, now)
  const chosen: Weighed[] = []
  let rest = weighed
  while (chosen.length < BOUNDS.offers && rest.length > 0) {
    const used = new Set(chosen.map((it) => it.candidate.node))
    const fresh = rest.filter((it) => !used.has(it.candidate.node))
    const next = choose(bestOfEach(fresh.length > 0 ? fresh : rest), inFlight, random)
    chosen.push(next)
    rest = rest.filter((it) => it !== next)
  }
  return chosen.map((it, place) => ({
    candidate: it.candidate,
    reason: reasonOf(it, place === 0 ? null : chosen[0]!, chosen.length, preferences.class),
    firstMs: it.firstMs,
  }))
}

const weigh = (
  candidates: readonly Candidate[],
  v: number,
  standings: Standings,
  now: UnixMs,
): Weighed[] => {
  const known = candidates.map((candidate) => {
    const { task, model } = candidate.ticket.entries[candidate.entry]!
    return { candidate, standing: standingOf(standings, candidate.node, task, model.name) }
  })
  // A stranger is taken to be like the middle of those who were measured: neither its own word nor
  // a zero, both of which would put every newcomer first.
  const first = middle(known.map((it) => it.standing?.firstMs ?? null)) ?? UNKNOWN_FIRST_MS
  const perUnit = middle(known.map((it) => it.standing?.msPerUnit ?? null)) ?? 0
  return known.map(({ candidate, standing }) => {
    const price = Number(candidate.ceiling)
    const firstMs =
      candidate.ticket.entries[candidate.entry]!.eta_ms + predictFirst(standing, first)
    const units = Object.values(candidate.max).reduce((sum, n) => sum + n, 0)
    const latency = firstMs + (standing?.msPerUnit ?? perUnit) * units
    const p = successOf(standing, now)
    const failure = ((1 - p) / p) * (v * RECOVER_MS + price / 2)
    return { candidate, standing, firstMs, total: price + v * latency + failure }
  })
}

/** The middle one of what was measured; null when nothing was. */
const middle = (values: readonly (number | null)[]): number | null => {
  const measured = values.filter((it) => it !== null).toSorted((a, b) => a - b)
  return measured[measured.length >> 1] ?? null
}

/** The best candidate of each node. */
const bestOfEach = (weighed: readonly Weighed[]): Weighed[] => {
  const best = new Map<PubKey, Weighed>()
  for (const it of weighed) {
    const before = best.get(it.candidate.node)
    if (!before || isBetter(it, before)) best.set(it.candidate.node, it)
  }
  return [...best.values()]
}

const isBetter = (a: Weighed, b: Weighed): boolean =>
  a.total !== b.total
    ? a.total < b.total
    : a.candidate.ticket.place !== b.candidate.ticket.place
      ? a.candidate.ticket.place < b.candidate.ticket.place
      : a.candidate.expires > b.candidate.expires

/** The least total; among near ties the less loaded of two drawn. */
const choose = (weighed: readonly Weighed[], inFlight: InFlight, random: Random): Weighed => {
  const best = weighed.reduce((a, b) => (b.total < a.total ? b : a))
  const ties = weighed.filter((it) => it.total <= best.total * NEAR)
  if (ties.length === 1) return best
  const i = random.below(ties.length)
  const j = (i + 1 + random.below(ties.length - 1)) % ties.length
  const [a, b] = [ties[i]!, ties[j]!]
  const [loadA, loadB] = [loadOf(a, inFlight), loadOf(b, inFlight)]
  if (loadA !== loadB) return loadA < loadB ? a : b
  return isBetter(b, a) ? b : a
}

const loadOf = ({ candidate }: Weighed, inFlight: InFlight): number => {
  const { jobs, slots } = inFlight(candidate.node)
  return jobs / Math.max(1, slots)
}
