import { z } from 'zod'
import { eventIdField, hex32, jobIdField, msatField, pubKeyField, timing } from './fields.ts'
import { has } from './has.ts'

/**
 * 4645: a client's tab key (with the tab off: the session key) lets one node charge one job, up to its ceiling.
 * Never published.
 */
export const draw = z
  .object({
    job: jobIdField,
    ticket: eventIdField,
    /** The session key that signs the job. */
    client: pubKeyField,
    /** SHA-256 of the sealed input, as the job has it. */
    body: hex32,
    ceiling: msatField,
    timing,
    /** Timing `hold` alone: the invoice whose money waits for this job, and for no other. */
    payment_hash: hex32.optional(),
    /** What the payer has of this tab; left out where that is nothing. */
    has: has.optional(),
  })
  .refine(
    (it) => (it.timing === 'hold') === (it.payment_hash !== undefined),
    'hold without its payment',
  )
