import { z } from 'zod'
import {
  bootIdField,
  count,
  eventIdField,
  hex32,
  name,
  pubKeyField,
  spanMs,
  taskField,
  timing,
} from './fields.ts'

/** What one ticket can be used for: one task on one model at one row of one sheet. */
export const ticketEntry = z.object({
  task: taskField,
  model: z.object({
    name,
    family: name.optional(),
    quant: name.optional(),
    digest: name.optional(),
    /** Context in tokens. */
    ctx: count.optional(),
    /** A service on the public internet computes it, not a machine of the node's. */
    proprietary: z.boolean(),
  }),
  warm: z.boolean(),
  /** Time until work can begin, in ms. */
  eta_ms: spanMs,
  limits: z.object({ input_bytes: count, out_tokens: count }),
  /** Tokens that the model's template adds: once, and for each message. */
  template: z.object({ base: count, per_message: count }),
  /** Whether reading the input is charged once it has begun. */
  prefill: z.boolean(),
  sheet: eventIdField,
  row: count,
})
export type TicketEntry = z.output<typeof ticketEntry>

/** 26421: a free slot, offered at these rates until its `expiration` tag. */
export const ticket = z.object({
  /** Which slot of the node, and which place in the queue behind it (0: the slot itself). */
  slot: z.number().int().min(0).max(9999),
  place: z.number().int().min(0).max(99),
  boot: bootIdField,
  /** X25519 public key made for this ticket alone. */
  key: hex32,
  exclusive: z.boolean(),
  /** Who runs the node, as it says itself; null where it does not. */
  operator: pubKeyField.nullable(),
  timings: z.array(timing).min(1).max(5),
  entries: z.array(ticketEntry).min(1).max(64),
})
export type Ticket = z.output<typeof ticket>
