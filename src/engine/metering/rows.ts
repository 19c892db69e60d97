import type { Sheet, SheetRow } from '../protocol/sheet.ts'
import { matches, taskMatches } from './pattern.ts'

/** The row of a sheet with this number. */
export const rowOf = (sheet: Sheet, row: number): SheetRow | undefined =>
  sheet.rows.find((it) => it.row === row)

/** The row that prices a task on a model: the first that fits, in the sheet's own order. */
export const rowFor = (sheet: Sheet, task: string, model: string): SheetRow | undefined =>
  sheet.rows.find((row) => rowFits(row, task, model))

/** Whether a row prices this task on this model. A row that names no version is for all of them. */
export const rowFits = (row: SheetRow, task: string, model: string): boolean =>
  taskMatches(row.task, task) && matches(row.model, model)
