import { withinMax } from '../../metering/bounds.ts'
import type { Receipt } from '../../protocol/receipt.ts'
import { jobServed } from '../../routing/admit.ts'
import type { Observation } from '../../storage/store.ts'
import { observe } from '../../trust/standing.ts'
import type { Placing } from './placing.ts'
import type { JobRecord, Turn } from './state.ts'

/** What a router learns of nodes and clients from its jobs. */

/** Believes an observation, and writes it down; whose client it was is kept in memory alone. */
export const learn = (turn: Turn, observation: Observation, from: string | undefined): void => {
  observe(turn.state.standings, observation, from)
  turn.effects.push({ do: 'observe', observation })
}

/**
 * What a receipt makes of its node. Times are by our own clock; a client's error, cancel or refused
 * input never counts against a node. Usage beyond the job's `max` does, whatever else it says.
 */
export const claimOf = (placing: Placing, receipt: Receipt, turn: Turn): Observation | null => {
  if (placing.restored) return null
  const isLie = !withinMax(receipt.usage, placing.max)
  const served = receipt.status === 'ok' && !isLie
  const failed = isLie || receipt.status === 'node_failed' || receipt.status === 'runner_failed'
  const units = Object.values(receipt.usage).reduce((sum, n) => sum + n, 0)
  const { firstAt, acceptedAt, forwardedAt } = placing
  return {
    node: placing.node,
    task: placing.task,
    model: placing.model,
    // A deadline is the client's own choice: one of a millisecond must not ruin a node's standing.
    outcome: served ? 'ok' : failed ? 'node_fault' : 'not_counted',
    firstMs: firstAt === null ? null : firstAt - forwardedAt,
    msPerUnit: served && units > 0 && acceptedAt !== null ? (turn.now - acceptedAt) / units : null,
    at: turn.now,
  }
}

/**
 * Counts what a receipt claims, once: at its acknowledgement, or when the time for one is up. A
 * dispute undoes a success on both sides, since the router cannot know who is right; what a node
 * says against itself, and what it says beyond `max`, holds.
 */
export const countClaim = (turn: Turn, job: JobRecord, placing: Placing, agreed = true): void => {
  const { claim } = placing
  if (!claim) return
  placing.claim = null
  const isOk = claim.outcome === 'ok'
  learn(turn, isOk && !agreed ? { ...claim, outcome: 'not_counted' } : claim, placing.from)
  if (isOk && agreed && placing === job.placings.at(-1)) jobServed(turn.state.limits, job.client)
}
