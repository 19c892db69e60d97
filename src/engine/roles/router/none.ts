import { matches, taskMatches } from '../../metering/pattern.ts'
import type { Ask } from '../../protocol/ask.ts'
import type { NoOffer } from '../../protocol/offers.ts'
import { whereFlaw } from '../../protocol/where.ts'
import type { NodeRecord, Turn } from './state.ts'

/**
 * Why there is nothing to offer. A node whose slots are all taken has no tickets, so the filter sees
 * nothing of it: what manifests promise is busy, not absent, or kept out by `where`.
 */
export const noneOnWire = (turn: Turn, ask: Ask, none: NoOffer | null) => {
  if (!none) return null
  const why = reasonOf(turn, ask, none.why)
  if (why !== none.why) return { why, have: [], limit: null, cheapest: null }
  return { ...none, cheapest: none.cheapest === null ? null : String(none.cheapest) }
}

const reasonOf = (turn: Turn, ask: Ask, why: NoOffer['why']): NoOffer['why'] => {
  if (why !== 'task' && why !== 'model' && why !== 'where') return why
  const promising = [...turn.state.nodes.values()].filter((node) => promises(ask, node))
  // Of a node that has tickets the filter knows better than its manifest whether it may serve.
  const unseen = promising.filter((node) => why !== 'where' || node.tickets.size === 0)
  if (unseen.some((node) => mayServe(turn, ask, node))) return 'busy'
  return promising.length > 0 ? 'where' : why
}

const promises = ({ task, models }: Ask, { manifest }: NodeRecord): boolean =>
  manifest.tasks.some(
    (it) =>
      taskMatches(task, it.task) &&
      (models.length === 0 ||
        it.models.some((name) => models.some((model) => matches(model, name)))),
  )

// What a manifest does not say, whether its models are proprietary, is taken well: it is asked later.
const mayServe = ({ state }: Turn, { where }: Ask, node: NodeRecord): boolean => {
  const { operator } = node.manifest
  const router = state.signer.pubkey
  const server = { node: node.key, operator, router, routerOperator: state.operator }
  return (
    (node.local || !where.local) && whereFlaw(where, { ...server, proprietary: false }) === null
  )
}
