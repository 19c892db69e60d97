import { z } from 'zod'
import { count, msatField, name, ratesField, taskField, timing } from './fields.ts'

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

/** 36421: the signed price sheet of a node. */
export const sheet = z
  .object({ rows: z.array(sheetRow).min(1).max(200) })
  .refine((it) => new Set(it.rows.map((row) => row.row)).size === it.rows.length, 'rows repeat')
export type Sheet = z.output<typeof sheet>
