import { z } from 'zod'
import { count, hex32, sumField } from './fields.ts'

/** 26434: the payee's own wallet has it; or, of a hold invoice, has it waiting. */
export const paid = z.object({
  payment_hash: hex32,
  /** SHA-256 of the terms of the invoice. */
  terms: hex32,
  ref: hex32,
  seq: count,
  /** What arrived, msat: it may be twice what was asked for. */
  received: sumField,
  /** The money of a hold invoice waits: the job may come. Nothing is paid yet. */
  held: z.literal(true).optional(),
  /** Of a hold invoice that settled: the key to its result, for a payer whose wallet is slow to show it. */
  preimage: hex32.optional(),
})
