import { z } from 'zod'
import { hex, npubText } from './shapes.ts'

/** What `fedai init --json` prints. */
export const identityShape = z.object({
  v: z.literal(1),
  type: z.literal('identity'),
  name: z.string(),
  npub: npubText,
  pubkey: hex,
  file: z.string(),
  encrypted: z.boolean(),
})
