import { z } from 'zod'
import { pubKeyField } from './fields.ts'
import type { PubKey } from './ids.ts'

/** Keys that one list of an ask may have. */
export const MOST_KEYS = 100

/**
 * Which nodes may serve. The router filters by it, and the client holds every offered ticket against
 * it again by the same function, since a router may lie.
 */
export const where = z.object({
  /** Only these nodes; empty: any. */
  allow: z.array(pubKeyField).max(MOST_KEYS),
  /** None of these nodes, and none that names one of them as its operator. */
  deny: z.array(pubKeyField).max(MOST_KEYS),
  /** Only nodes on this machine or a private network. */
  local: z.boolean(),
  /** Only nodes of another operator than the router's; who does not say is refused. */
  other_operator: z.boolean(),
  /** No entry that a paid service on the public internet computes. */
  no_proprietary: z.boolean(),
})
export type Where = Readonly<z.output<typeof where>>

/** Any node may serve. */
export const ANYWHERE: z.output<typeof where> = {
  allow: [],
  deny: [],
  local: false,
  other_operator: false,
  no_proprietary: false,
}

/** What is known of one offered entry, all of it signed: by its node, and by the router that offers it. */
export type Server = Readonly<{
  node: PubKey
  /** Who runs the node, as it says itself. */
  operator: PubKey | null
  proprietary: boolean
  router: PubKey
  /** Who runs the router, as it says itself. */
  routerOperator: PubKey | null
}>

/** What of a `where` an entry breaks. */
export type WhereFlaw = 'denied' | 'not_allowed' | 'operator' | 'operator_unknown' | 'proprietary'

/**
 * What keeps an entry from serving, null where nothing does. `local` is not decided here: of a node's
 * address only the router knows anything, of the router's only the client.
 *
 * An operator is a word that anybody can write: it can keep a node out (`deny`, `other_operator`), and
 * never lets one in. So `allow` names nodes only.
 */
export const whereFlaw = (wanted: Where, server: Server): WhereFlaw | null => {
  const { node, operator } = server
  const { allow, deny } = wanted
  if (deny.includes(node) || (operator !== null && deny.includes(operator))) return 'denied'
  if (allow.length > 0 && !allow.includes(node)) return 'not_allowed'
  if (wanted.no_proprietary && server.proprietary) return 'proprietary'
  return wanted.other_operator ? operatorFlaw(server) : null
}

const operatorFlaw = ({ node, operator, router, routerOperator }: Server): WhereFlaw | null => {
  const routers = [router, routerOperator]
  if (routers.includes(node) || (operator !== null && routers.includes(operator))) return 'operator'
  return operator === null || routerOperator === null ? 'operator_unknown' : null
}
