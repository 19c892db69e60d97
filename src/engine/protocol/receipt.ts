import { z } from 'zod'
import {
  count,
  eventIdField,
  finish,
  hex32,
  jobIdField,
  msatField,
  name,
  pubKeyField,
  ratesField,
  taskField,
  timeMs,
  unitsField,
} from './fields.ts'

export const RECEIPT_STATUSES = [
  'ok',
  'partial',
  'client_cancelled',
  'node_failed',
  'runner_failed',
  'input_refused',
  'timeout',
] as const
export type ReceiptStatus = (typeof RECEIPT_STATUSES)[number]

/** 4642: the metering record of one (job, ticket), signed by the node that served it. */
export const receipt = z.object({
  job: jobIdField,
  ticket: eventIdField,
  /** The session key of the client. */
  client: pubKeyField,
  /** The router it came through; null without one. */
  router: pubKeyField.nullable(),
  sheet: eventIdField,
  row: count,
  task: taskField,
  model: z.object({ name, digest: name.nullable() }),
  runner: z.object({ name, version: name.nullable() }),
  usage: unitsField,
  /** Whether the runner reported the usage, or the node measured it. */
  counted_by: z.enum(['runner', 'node']),
  rates: ratesField,
  /** Those of the row; they fall away on failure. */
  minimum: msatField,
  surcharge: msatField,
  cost: msatField,
  ceiling: msatField,
  times: z.object({ accepted: timeMs, first: timeMs.nullable(), done: timeMs }),
  status: z.enum(RECEIPT_STATUSES),
  finish,
  /** For `input_refused`: what was wrong with it. */
  reason: name.nullable(),
  /**
   * HMAC-SHA-256 under the job's commitment key: over SHA-256 of the plaintext input, and
   * over h_n, where h_0 = 32 zero bytes, h_i = SHA-256(h_(i−1) ‖ plaintext of output frame i)
   * and n = `frames` is the number of output frames that are charged.
   */
  commit: z.object({ input: hex32, output: hex32, frames: count }),
  /** Id of this node's receipt before this one; null for its first. */
  prev: eventIdField.nullable(),
  /** True on play money. */
  sim: z.boolean(),
})
export type Receipt = z.output<typeof receipt>
