import { z } from 'zod'
import { count } from './fields.ts'

/**
 * 26432: the limits in force between a router and a key. The first one answers the key's
 * AUTH event (NIP-42; its id stands in an `e` tag): it is how a router proves its own key,
 * since NIP-42 proves only the other side's.
 */
export const quota = z.object({
  probation: z.boolean(),
  asks_per_second: count,
  open_jobs: count,
  held_tickets: count,
  /** The router wants to see each payment (as in its offers): no job through it draws on a tab. Left out: it does not. */
  evidence: z.literal('proof').optional(),
})
