import { z } from 'zod'
import { BOUNDS } from '../base/bounds.ts'
import {
  carriedEvent,
  count,
  msatField,
  name,
  pubKeyField,
  sentence,
  spanMs,
  timing,
} from './fields.ts'
import { pack } from './pack.ts'

/** Why a router has nothing to offer, and what it has instead. */
export const noOffer = z.object({
  why: z.enum(['task', 'model', 'too_large', 'cap', 'payment', 'where', 'busy']),
  /** For `task` and `model`: what is offered, and by how many nodes. */
  have: z.array(z.object({ name, nodes: count })).max(50),
  /** For `too_large`: the largest input in bytes that is offered. */
  limit: count.nullable(),
  /** For `cap`: the lowest ceiling that is offered, in msat. */
  cheapest: msatField.nullable(),
})
export type NoOffer = z.output<typeof noOffer>

/** 26422: up to three ranked ticket entries. The first is held for the asker. */
export const offers = z.object({
  entries: z
    .array(
      z.object({
        ticket: carriedEvent,
        /** Index into the ticket's entries. */
        entry: count,
        reason: sentence,
        first_ms: spanMs,
      }),
    )
    .max(BOUNDS.offers),
  /** What the router itself takes for one job, msat; '0': nothing. */
  fee: msatField,
  /** How that is paid; absent where it takes nothing. */
  pack: pack.optional(),
  /** How a job may be paid that this router places; absent: it does not mind. */
  timings: z.array(timing).max(5).optional(),
  /** `proof`: it wants to see the payment of each job that costs something; absent: the node's word is enough. */
  evidence: z.literal('proof').optional(),
  /** Who runs the router, as it says itself; null where it does not. */
  operator: pubKeyField.nullable(),
  none: noOffer.nullable(),
})
