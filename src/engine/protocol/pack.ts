import { z } from 'zod'
import { count, hexOf, msatField } from './fields.ts'

/** What a router asks for its own work, in its offers: a pack of routes, paid ahead (docs/money.md). */
export const pack = z.object({
  /** What a pack costs, msat: exactly the amount of its invoice. */
  msat: msatField,
  /** Jobs that it is good for: `msat` divided by them is the `fee` of one. */
  routes: z.number().int().min(1).max(1_000_000),
  /** Routes that the asker has left, of packs that it has shown a key of; jobs that are open are counted as used. */
  left: count,
  /** Keys of the Lightning nodes that its invoices are of, 33 bytes in hex; empty where its wallet does not say. */
  payees: z.array(hexOf(66)).max(8),
  /** How its invoices commit to their terms; `none`: not at all, the router's signature alone says what one is for. */
  bind: z.enum(['hash', 'memo', 'none']),
})
export type Pack = z.output<typeof pack>

/** How a router declines a job of a session that has no route left. */
export const NO_ROUTE = 'restricted: no route left'
