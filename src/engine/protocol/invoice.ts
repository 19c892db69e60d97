import { z } from 'zod'
import { parseTerms } from './terms.ts'

/** 26425: what is to be paid and for what: the exact terms (terms.ts) and the BOLT 11 invoice that commits to them. */
export const invoice = z.object({
  terms: z.string().refine((text) => typeof parseTerms(text) !== 'string', 'no terms of a payment'),
  bolt11: z
    .string()
    .max(4096)
    .regex(/^ln[0-9a-z]+$/),
})
