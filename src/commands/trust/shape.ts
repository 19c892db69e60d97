import { z } from 'zod'
import { hex, npubText } from '../shapes.ts'

/** What `fedai trust … --json` prints. */

const key = { npub: npubText, pubkey: hex, name: z.string().nullable(), own: z.boolean() }

export const trustChangeShape = z.object({
  v: z.literal(1),
  type: z.literal('trust'),
  status: z.enum(['added', 'changed', 'unchanged', 'removed']),
  ...key,
})

export const trustSetShape = z.object({
  v: z.literal(1),
  type: z.literal('trust_set'),
  file: z.string(),
  keys: z.array(z.object(key)),
})
