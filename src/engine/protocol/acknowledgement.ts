import { z } from 'zod'
import { eventIdField, jobIdField } from './fields.ts'

export const DISPUTES = [
  'cost',
  'usage',
  'ceiling',
  'undelivered',
  'duplicate',
  'content_type',
  'late',
] as const
export type Dispute = (typeof DISPUTES)[number]

/** 4643: the client agrees with a receipt, or disputes it with one reason. */
export const acknowledgement = z
  .object({
    receipt: eventIdField,
    job: jobIdField,
    ticket: eventIdField,
    verdict: z.enum(['agree', 'dispute']),
    reason: z.enum(DISPUTES).nullable(),
  })
  .refine((it) => (it.verdict === 'dispute') === (it.reason !== null), 'a dispute has a reason')
