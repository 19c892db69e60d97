import { z } from 'zod'
import { count, hex16, jobClass, name, spanMs, sumField, taskField } from './fields.ts'
import { where } from './where.ts'

/**
 * What a job's input measures, without its content: enough to compute the bounds `max`
 * of every unit (metering/bounds.ts) and so the ceiling at any row of any sheet.
 */
export const sizes = z.object({
  /** UTF-8 bytes of all text that the task reads. */
  bytes: count,
  /** Chat messages, each of which a template adds tokens to. */
  messages: count,
  documents: count,
  items: count,
  /** Most output tokens wanted. */
  out_tokens: count,
})
export type Sizes = z.output<typeof sizes>

/** 26420: what is wanted, without content. */
export const ask = z.object({
  /** 16 random bytes: two equal asks of one second are two events. */
  nonce: hex16,
  task: taskField,
  /** Exact ids or patterns with `*`; empty means any model. */
  models: z.array(name).max(20),
  sizes,
  /** Most that the job may cost, in msat; null for no bound. */
  cap: sumField.nullable(),
  deadline_ms: spanMs,
  class: jobClass,
  where,
  /** True asks for offers and holds nothing. */
  dry_run: z.boolean(),
})
export type Ask = z.output<typeof ask>
