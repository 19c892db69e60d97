import { z } from 'zod'
import { hex, npubText } from '../shapes.ts'

const common = {
  v: z.literal(1),
  type: z.literal('ready'),
  net: z.enum(['sim', 'mainnet', 'testnet', 'regtest']),
  npub: npubText,
  pubkey: hex,
  identity: z.string(),
  pid: z.int(),
  /** Where /health, /ready and /metrics are asked. */
  socket: z.string().nullable(),
}

/** What `fedai serve router --json` prints once it is ready. */
export const routerShape = z.object({
  ...common,
  role: z.literal('router'),
  /** What processes of this machine dial. */
  address: z.string(),
  /** For `--router` on other machines. */
  pinned: z.string(),
  /** All addresses that others dial. */
  doors: z.array(z.string()).readonly(),
})

/** What `fedai serve node --json` prints once it is ready. */
export const nodeShape = z.object({
  ...common,
  role: z.literal('node'),
  /** The models that it offers, by task. */
  tasks: z.record(z.string(), z.array(z.string())),
  /** What it is paid into; null where it works for nothing. */
  wallet: z.string().nullable(),
})
