import type { Database } from 'bun:sqlite'
import type { Fault } from '../base/fault.ts'
import { moneyElsewhere } from './faults.ts'
import type { MoneyChange } from './money-store.ts'

/**
 * The number of the last write of payments or views, by whichever process: what was decided on an earlier
 * reading must not be written, or two processes would each keep within the caps and together break them.
 */
export const versionsOf = (db: Database) => {
  const select = db.prepare<{ version: bigint }, []>('SELECT version FROM spending')
  select.safeIntegers(true)
  const update = db.prepare('UPDATE spending SET version = version + 1')
  const read = (): bigint => select.get()?.version ?? 0n
  let seen = read()
  const spends = (changes: readonly MoneyChange[]): boolean =>
    changes.some(({ table }) => table === 'payments' || table === 'views' || table === 'charges')
  return {
    prepared: [select, update],
    read: () => void (seen = read()),
    isStale: () => read() !== seen,
    /** Why this may not be written; null where it may. */
    flaw: (changes: readonly MoneyChange[]): Fault | null =>
      spends(changes) && read() !== seen ? moneyElsewhere() : null,
    /** It was written. */
    next: (changes: readonly MoneyChange[]): void => {
      if (!spends(changes)) return
      update.run()
      seen++
    },
  }
}
