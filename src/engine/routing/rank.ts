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
import { type Candidate, entryOf, isSooner } from './candidates.ts'
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
  const nodes = byNode(weigh(candidates, VALUE_OF_TIME[preferences.class], standings, now))
  const chosen: Weighed[] = []
  while (chosen.length < BOUNDS.offers) {
    const first = nextOf(nodes)
    if (first.length === 0) break
    const next = choose(first, inFlight, random)
    nodes.get(next.candidate.held.node)!.taken++
    chosen.push(next)
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
  const known = standingsOf(candidates, standings)
  // A stranger is taken to be like the middle of those who were measured: neither its own word nor
  // a zero, both of which would put every newcomer first.
  const first = middle(known, 'firstMs') ?? UNKNOWN_FIRST_MS
  const perUnit = middle(known, 'msPerUnit') ?? 0
  const weighed: Weighed[] = []
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i]!
    const standing = known[i]
    const before = weighed[i - 1]
    if (before && isAlike(before.candidate, candidate)) {
      weighed.push({ ...before, candidate })
      continue
    }
    const { ceiling, max } = candidate.offer
    const price = Number(ceiling)
    const firstMs = entryOf(candidate).eta_ms + predictFirst(standing, first)
    const units = Object.values(max).reduce((sum, n) => sum + n, 0)
    const latency = firstMs + (standing?.msPerUnit ?? perUnit) * units
    const p = successOf(standing, now)
    const failure = ((1 - p) / p) * (v * RECOVER_MS + price / 2)
    weighed.push({ candidate, standing, firstMs, total: price + v * latency + failure })
  }
  return weighed
}

/** What is known of the node of each. */
const standingsOf = (
  candidates: readonly Candidate[],
  standings: Standings,
): (Standing | undefined)[] => {
  const known: (Standing | undefined)[] = []
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i]!
    const before = candidates[i - 1]
    const { task, model } = entryOf(candidate)
    const isAsBefore = before !== undefined && isAlike(before, candidate)
    const { node } = candidate.held
    known.push(isAsBefore ? known[i - 1] : standingOf(standings, node, task, model.name))
  }
  return known
}

/** Of one node, which says the same of both: they stand beside each other, and weigh the same. */
const isAlike = (a: Candidate, b: Candidate): boolean =>
  a.held.node === b.held.node && a.held.ticket === b.held.ticket && a.offer === b.offer

/** The middle one of what was measured; null when nothing was. */
const middle = (
  known: readonly (Standing | undefined)[],
  of: 'firstMs' | 'msPerUnit',
): number | null => {
  const measured: number[] = []
  for (const it of known) {
    const value = it?.[of] ?? null
    if (value !== null) measured.push(value)
  }
  measured.sort((a, b) => a - b)
  return measured[measured.length >> 1] ?? null
}

/** The candidates of each node, the best first, and how many of them were chosen. */
type Queues = Map<PubKey, { its: Weighed[]; taken: number }>

const byNode = (weighed: readonly Weighed[]): Queues => {
  const queues: Queues = new Map()
  for (const it of weighed) {
    const { node } = it.candidate.held
    const queue = queues.get(node)
    if (!queue) queues.set(node, { its: [it], taken: 0 })
    else {
      let at = queue.its.length
      while (at > 0 && isBetter(it, queue.its[at - 1]!)) at--
      queue.its.splice(at, 0, it)
    }
  }
  return queues
}

/** The best of each node of which none was chosen yet; where there is no such node, the next of each. */
const nextOf = (queues: Queues): Weighed[] => {
  const fresh: Weighed[] = []
  for (const { its, taken } of queues.values()) if (taken === 0) fresh.push(its[0]!)
  if (fresh.length > 0) return fresh
  for (const { its, taken } of queues.values()) if (taken < its.length) fresh.push(its[taken]!)
  return fresh
}

const isBetter = (a: Weighed, b: Weighed): boolean =>
  a.total !== b.total ? a.total < b.total : isSooner(a.candidate, b.candidate)

/** The least total; among near ties the less loaded of two drawn. */
const choose = (weighed: readonly Weighed[], inFlight: InFlight, random: Random): Weighed => {
  let best = weighed[0]!
  for (const it of weighed) if (it.total < best.total) best = it
  const ties: Weighed[] = []
  for (const it of weighed) if (it.total <= best.total * NEAR) ties.push(it)
  if (ties.length === 1) return best
  const i = random.below(ties.length)
  const j = (i + 1 + random.below(ties.length - 1)) % ties.length
  const [a, b] = [ties[i]!, ties[j]!]
  const [loadA, loadB] = [loadOf(a, inFlight), loadOf(b, inFlight)]
  if (loadA !== loadB) return loadA < loadB ? a : b
  return isBetter(b, a) ? b : a
}

const loadOf = ({ candidate }: Weighed, inFlight: InFlight): number => {
  const { jobs, slots } = inFlight(candidate.held.node)
  return jobs / Math.max(1, slots)
}
