import type { UnixMs } from '../base/clock.ts'
import type { PubKey } from '../protocol/ids.ts'

/** One thing that was seen of a node. */
export type Seen = Readonly<{
  node: PubKey
  task: string
  model: string
  /** `not_counted`: the client's error, a cancel, a refused cap, honest back-pressure. */
  outcome: 'ok' | 'node_fault' | 'not_counted'
  firstMs: number | null
  msPerUnit: number | null
  at: UnixMs
}>

/** What one address saw of a node: successes and faults, ten of both together at most, and moving averages in ms. */
type View = {
  served: number
  failed: number
  firstMs: number | null
  msPerUnit: number | null
}

/** What is known of one node with one task on one model. */
export type Standing = {
  /** By the address that asked, the least recently heard first; `UNKNOWN` and `OTHERS` among them. */
  views: Map<string, View>
  /** Successes and faults of all views, halved every 24 hours, as of `at`. */
  served: number
  failed: number
  at: UnixMs
  /** Jobs that counted and those that were served, ever: for people. */
  jobs: number
  good: number
  /** Means of the views' averages in ms; null before the first measurement. */
  firstMs: number | null
  msPerUnit: number | null
  /** Times that `firstMs` was measured. */
  timed: number
}

/** Standings by node, task and model, the least recently observed first. Owned by whoever made it. */
export type Standings = Map<string, Standing>

const HALF_LIFE_MS = 24 * 3_600_000
/** z of the lower bound: nine times out of ten the truth is above it. */
const Z = 1.28
/** What is believed of a stranger: nine of ten jobs served, on the weight of ten jobs. */
const PRIOR = { served: 9, failed: 1 }
/** Rising averages follow fast, falling ones slowly: a slow node is believed sooner than a fast one. */
const UP = 0.4
const DOWN = 0.15
/** Measurements after which one's own observations weigh as much as the announcement. */
const FADE = 20
/** A node chooses its models' names, so what is remembered is bounded: the least recently seen goes. */
const MOST = 20_000
/**
 * A node can be its own client, under as many keys as it likes: what one address saw counts as ten jobs
 * at most, as much as what is believed of a stranger, in the proportion in which they went.
 */
const MOST_OF_ONE = 10
/** Addresses whose views are kept apart; the least recently heard goes into `OTHERS`, which are as many at most. */
const MOST_VIEWS = 16
const OTHERS = 'others'
/** The address of what was seen before a restart: none is written down. */
const UNKNOWN = ''

export const newStandings = (): Standings => new Map()

/** What is known of this node with this task on this model. */
export const standingOf = (
  standings: Standings,
  node: PubKey,
  task: string,
  model: string,
): Standing | undefined => standings.get(keyOf(node, task, model))

/**
 * Takes one observation in; changes `standings` in place. What is `not_counted` changes nothing.
 * @param from the address of who asked, by which alone strangers can be counted: keys cost nothing
 */
export const observe = (standings: Standings, seen: Seen, from = UNKNOWN): void => {
  if (seen.outcome === 'not_counted') return
  const key = keyOf(seen.node, seen.task, seen.model)
  const standing = standings.get(key) ?? strange(seen.at)
  const isOk = seen.outcome === 'ok'
  const kept = decay(standing.at, seen.at)
  for (const it of standing.views.values()) scale(it, kept)
  addTo(viewOf(standing, from), seen)
  sumUp(standing)
  // A clock that was set back neither ages nor renews what was seen.
  if (seen.at > standing.at) standing.at = seen.at
  standing.jobs += 1
  standing.good += isOk ? 1 : 0
  if (seen.firstMs !== null) standing.timed += 1
  standings.delete(key)
  standings.set(key, standing)
  if (standings.size > MOST) standings.delete(standings.keys().next().value!)
}

/**
 * How sure it is that the node serves the next job: Wilson's lower bound of its decayed
 * counts on top of what is believed of strangers, to which it returns as evidence ages.
 * @returns between 0 and 1, neither included
 */
export const successOf = (standing: Standing | undefined, now: UnixMs): number => {
  const kept = standing ? decay(standing.at, now) : 0
  const served = PRIOR.served + (standing?.served ?? 0) * kept
  const failed = PRIOR.failed + (standing?.failed ?? 0) * kept
  return wilson(served, served + failed)
}

/** From how many addresses its jobs came, at least: those that are remembered apart. */
export const addressesOf = ({ views }: Standing): Readonly<{ count: number; more: boolean }> => {
  const known = [...views.keys()].filter(isKnown).length
  return { count: Math.max(1, known), more: views.has(UNKNOWN) || views.has(OTHERS) }
}

/**
 * Time to the first piece in ms: what was measured, and what is believed without it
 * (`fallbackMs`), which fades as 20 / (n + 20) over n measurements.
 */
export const predictFirst = (standing: Standing | undefined, fallbackMs: number): number => {
  if (!standing || standing.firstMs === null) return fallbackMs
  const trust = standing.timed / (standing.timed + FADE)
  return trust * standing.firstMs + (1 - trust) * fallbackMs
}

const keyOf = (node: PubKey, task: string, model: string): string => `${node} ${task} ${model}`

const strange = (at: UnixMs): Standing => ({
  views: new Map(),
  served: 0,
  failed: 0,
  at,
  jobs: 0,
  good: 0,
  firstMs: null,
  msPerUnit: null,
  timed: 0,
})

/** The view of this address, as the most recently heard. */
const viewOf = ({ views }: Standing, from: string): View => {
  const view = views.get(from) ?? newView()
  views.delete(from)
  views.set(from, view)
  if (views.size <= MOST_VIEWS) return view
  const known = [...views.keys()].filter(isKnown)
  if (known.length <= MOST_VIEWS) return view
  const others = views.get(OTHERS) ?? newView()
  merge(others, views.get(known[0]!)!)
  views.delete(known[0]!)
  views.set(OTHERS, others)
  return view
}

const newView = (): View => ({ served: 0, failed: 0, firstMs: null, msPerUnit: null })

const isKnown = (from: string): boolean => from !== UNKNOWN && from !== OTHERS

const merge = (others: View, view: View): void => {
  others.served += view.served
  others.failed += view.failed
  bound(others, MOST_OF_ONE * MOST_VIEWS)
  others.firstMs = average(others.firstMs, view.firstMs)
  others.msPerUnit = average(others.msPerUnit, view.msPerUnit)
}

/** The oldest give way, so that what one address sees of a node that breaks counts soon. */
const bound = (view: View, most: number): void =>
  scale(view, Math.min(1, most / (view.served + view.failed)))

const scale = (view: View, by: number): void => {
  view.served *= by
  view.failed *= by
}

const addTo = (view: View, { outcome, firstMs, msPerUnit }: Seen): void => {
  view.served += outcome === 'ok' ? 1 : 0
  view.failed += outcome === 'ok' ? 0 : 1
  bound(view, MOST_OF_ONE)
  view.firstMs = average(view.firstMs, firstMs)
  view.msPerUnit = average(view.msPerUnit, msPerUnit)
}

const sumUp = (standing: Standing): void => {
  standing.served = 0
  standing.failed = 0
  for (const it of standing.views.values()) {
    standing.served += it.served
    standing.failed += it.failed
  }
  standing.firstMs = meanOf(standing, 'firstMs')
  standing.msPerUnit = meanOf(standing, 'msPerUnit')
}

/** Of the views that measured it; null where none did. */
const meanOf = ({ views }: Standing, of: 'firstMs' | 'msPerUnit'): number | null => {
  let [sum, measured] = [0, 0]
  for (const view of views.values()) {
    const value = view[of]
    if (value === null) continue
    sum += value
    measured++
  }
  return measured === 0 ? null : sum / measured
}

/** The share of a count that is left after the time between two moments. */
const decay = (from: UnixMs, to: UnixMs): number => 2 ** (-Math.max(0, to - from) / HALF_LIFE_MS)

const average = (before: number | null, now: number | null): number | null => {
  if (now === null || before === null) return now ?? before
  return before + (now > before ? UP : DOWN) * (now - before)
}

/** E. B. Wilson, Journal of the American Statistical Association 22 (1927), p. 209: the lower bound. */
const wilson = (served: number, jobs: number): number => {
  const share = served / jobs
  const z2 = Z * Z
  const middle = share + z2 / (2 * jobs)
  const spread = Z * Math.sqrt((share * (1 - share) + z2 / (4 * jobs)) / jobs)
  return Math.max(1e-3, (middle - spread) / (1 + z2 / jobs))
}
