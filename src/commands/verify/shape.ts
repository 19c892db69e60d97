import { z } from 'zod'
import { hex, msatText, signedMsatText } from '../shapes.ts'

const finding = z.object({
  check: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  /** The id of the event; of a text that is no event, its SHA-256. */
  about: z.string(),
})

/** What `fedai verify --json` prints. */
export const verificationShape = z.object({
  v: z.literal(1),
  type: z.literal('verification'),
  ok: z.boolean(),
  wrong: finding.nullable(),
  findings: z.array(finding),
  unchecked: z.array(z.string()).readonly(),
  receipts: z.array(
    z.object({
      id: hex,
      job: hex,
      node: hex,
      client: hex,
      status: z.string(),
      done: z.number(),
      sim: z.boolean(),
      cost_msat: msatText,
      ceiling_msat: msatText,
    }),
  ),
  /** At least so much was paid and used: others may not be here. */
  tabs: z.array(
    z.object({
      node: hex,
      tab: z.string(),
      sim: z.boolean(),
      statements: z.int(),
      /** The highest number among them. */
      n: z.int(),
      paid_msat: msatText,
      used_msat: msatText,
      /** Below 0: owed. null without a statement: what shows the rest of it may not be here. */
      left_msat: signedMsatText.nullable(),
    }),
  ),
})
