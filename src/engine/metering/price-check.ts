import type { Rates, Unit } from '../protocol/fields.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { Sheet, SheetRow } from '../protocol/sheet.ts'
import { type Finding, finding, many } from './finding.ts'
import { rowFits, rowOf } from './rows.ts'

/**
 * A receipt against the price sheet that it names.
 * @param model the model that the job named; null where the job is not known
 * @param cold whether the ticket said that the model has to be loaded; null where it is not known
 */
export const checkSheet = (
  receipt: Receipt,
  sheet: Sheet,
  model: string | null,
  cold: boolean | null,
): Finding => {
  const row = rowOf(sheet, receipt.row)
  const flaw = row
    ? flawOf(receipt, row, model, cold)
    : `the sheet has no row ${many(receipt.row)}, which the receipt names`
  const good = `rates, minimum and surcharge are those of row ${many(receipt.row)} of the price sheet`
  return finding('receipt.rates', flaw === null, good, flaw ?? '', 'cost')
}

const flawOf = (
  receipt: Receipt,
  row: SheetRow,
  model: string | null,
  cold: boolean | null,
): string | null => {
  const failed = receipt.status !== 'ok'
  if (!rowFits(row, receipt.task, model ?? row.model))
    return `row ${row.row} of the price sheet is not for ${receipt.task}${model ? ` on ${model}` : ''}`
  const unit = differing(receipt.rates, row.rates)
  if (unit)
    return `${unit} is charged at ${many(receipt.rates[unit] ?? 0n)} msat per million, the price sheet says ${many(row.rates[unit] ?? 0n)}`
  // Minimum and surcharge fall away on failure: a receipt may leave them out then.
  if (receipt.minimum !== row.minimum && !(failed && receipt.minimum === 0n))
    return `its minimum is ${many(receipt.minimum)} msat, the price sheet says ${many(row.minimum)}`
  // A ticket that said cold may have found its model loaded by another job: then nothing is added.
  const surcharge = cold === false ? 0n : row.cold_surcharge
  if (receipt.surcharge !== 0n && receipt.surcharge !== surcharge)
    return `its surcharge is ${many(receipt.surcharge)} msat, ${cold === false ? 'for a model that its ticket said was loaded' : `the price sheet says ${many(surcharge)}`}`
  return null
}

const differing = (a: Rates, b: Rates): Unit | undefined =>
  ([...Object.keys(a), ...Object.keys(b)] as Unit[]).find(
    (unit) => (a[unit] ?? 0n) !== (b[unit] ?? 0n),
  )
