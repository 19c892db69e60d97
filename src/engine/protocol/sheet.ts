import { z } from 'zod'
import {
  count,
  hexOf,
  msatField,
  msatWithin,
  name,
  ratesField,
  taskField,
  timing,
} from './fields.ts'

/** One line of a price sheet: what a task on the models that match the pattern costs. */
export const sheetRow = z.object({
  row: count,
  task: taskField,
  /** A model id, or a pattern in which `*` stands for anything. */
  model: name,
  /** msat per 10⁶ of each unit. */
  rates: ratesField,
  /** Least charge of a job that succeeded, in msat. */
  minimum: msatField,
  /** Added when the model had to be loaded first, in msat. */
  cold_surcharge: msatField,
  timings: z.array(timing).min(1).max(5),
})
export type SheetRow = z.output<typeof sheetRow>

/** How a node is paid. */
export const sheetPay = z.object({
  /** Keys of the Lightning nodes that its invoices are of, 33 bytes in hex; empty where its wallet does not say. */
  payees: z.array(hexOf(66)).max(8),
  /** How its invoices commit to their terms: by `h`, or by the memo in `d`. */
  bind: z.enum(['hash', 'memo']),
  /** Amounts are multiples of this, msat: it is divided by, and nothing is rounded up by more than a thousand sat. */
  granularity: msatWithin(1n, 1_000_000n),
  /** For how many days unused units stay. */
  keeps_days: count,
})
export type SheetPay = z.output<typeof sheetPay>

/** 36421: the signed price sheet of a node. */
export const sheet = z
  .object({
    rows: z.array(sheetRow).min(1).max(200),
    /** Absent: it takes no payments, and what it does is play or a gift. */
    pay: sheetPay.optional(),
  })
  .refine((it) => new Set(it.rows.map((row) => row.row)).size === it.rows.length, 'rows repeat')
export type Sheet = z.output<typeof sheet>
