import { z } from 'zod'
import { count, hex32, msatField } from './fields.ts'

/** 26434: the payee's own wallet has it. */
export const paid = z.object({
  payment_hash: hex32,
  /** SHA-256 of the terms of the invoice. */
  terms: hex32,
  ref: hex32,
  seq: count,
  /** What arrived, msat. */
  received: msatField,
})
