import { z } from 'zod'
import { BOUNDS } from '../base/bounds.ts'
import {
  count,
  eventIdField,
  hex32,
  jobClass,
  jobIdField,
  msatField,
  name,
  spanMs,
  taskField,
  timing,
  unitsField,
} from './fields.ts'

/** 26423: takes one ticket; complete for the node that gets it, sealed for it alone. */
export const job = z.object({
  job: jobIdField,
  ticket: eventIdField,
  offers: eventIdField,
  task: taskField,
  model: name,
  sheet: eventIdField,
  row: count,
  /** Most of each unit that the job may use. */
  max: unitsField,
  /** Most that the job may cost, in msat. */
  ceiling: msatField,
  class: jobClass,
  timing,
  deadline_ms: spanMs,
  /** The sealed input as it comes in frames: bytes, and SHA-256 of all of them in order. */
  body: z.object({
    size: z
      .number()
      .int()
      .min(1)
      .max(BOUNDS.inputBytes + BOUNDS.inputBytes / 64),
    sha256: hex32,
  }),
  /** The content key, sealed by HPKE for this ticket: encapsulated key and ciphertext, base64. */
  wrap: z.object({ enc: hex32, ct: z.base64().max(4096) }),
})
export type Job = z.output<typeof job>
