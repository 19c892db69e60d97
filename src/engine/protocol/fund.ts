import { z } from 'zod'
import { eventIdField, hex16, hex32, jobIdField, msatField, pubKeyField } from './fields.ts'
import { has } from './has.ts'
import { PURPOSES } from './terms.ts'

/** 26433: asks the payee for an invoice. It gives the same one again while that can be paid. */
export const fund = z.object({
  /** Two equal ones in one second are two events. */
  nonce: hex16,
  for: z.enum(PURPOSES),
  /** The tab's key, or the job's id where the tab is off. */
  ref: hex32,
  /** What is needed, msat; the payee may ask for more, up to its usual top-up. */
  msat: msatField,
  /** The job that waits for it, and the ticket that is to be held meanwhile; null where nothing waits. */
  hold: z.object({ job: jobIdField, ticket: eventIdField }).nullable(),
  /** `hold`: a hold invoice is wanted, for the one job that `ref` names. */
  timing: z.literal('hold').optional(),
  /** The hold invoice of the job that `ref` names will not be paid: nobody needs it any more. */
  drop: z.literal(true).optional(),
  /** Of an invoice for one job: the router that is to see that it was paid. */
  router: pubKeyField.optional(),
  /** What the payer has of this tab; left out where that is nothing. */
  has: has.optional(),
})
