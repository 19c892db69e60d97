import { z } from 'zod'
import { npubText } from './shapes.ts'

/** What `fedai --json` prints. */
export const setupShape = z.object({
  v: z.literal(1),
  type: z.literal('setup'),
  version: z.string(),
  identities: z.array(z.string()),
  router: z.object({ npub: npubText, address: z.string(), pid: z.int() }).nullable(),
  next: z.string(),
})

/** What `fedai --version --json` prints. */
export const versionShape = z.object({
  v: z.literal(1),
  type: z.literal('version'),
  version: z.string(),
  bun: z.string(),
  /** Operating system and processor, such as linux-x64. */
  platform: z.string(),
  /** What makes and checks signatures on this machine. */
  secp256k1: z.enum(['libsecp256k1', 'wasm', 'noble']),
})
