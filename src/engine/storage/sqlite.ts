import { dirname, join } from 'node:path'
import type { Fault } from '../base/fault.ts'
import { openCache } from './cache.ts'
import { asStorageFault } from './database.ts'
import { storeClosed } from './faults.ts'
import { GroupCommit } from './group-commit.ts'
import { type Flush, openLedger } from './ledger.ts'
import type { LedgerStore, MoneyChange, MoneyReads, MoneyStore } from './money-store.ts'
import type { Kept, Observation } from './store.ts'

/** Nobody waits for an observation, and one that is lost can be made again: they are written rarely. */
const OBSERVE_MS = 1_000

/**
 * Opens the store on disk: the ledger at `path`, and cache.db in the same folder. Both are
 * made where they are missing, with mode 0600.
 *
 * Reads see what is committed. `chainHead` and `observations` commit what waits before they look, so
 * that two receipts that are signed within one group never name the same `prev`.
 * @param flush as openLedger's
 * @throws Fault `io` (exit code 74) when the ledger is damaged or cannot be used; nothing is deleted
 */
export const openStore = async (path: string, flush?: Flush): Promise<LedgerStore> => {
  const cachePath = join(dirname(path), 'cache.db')
  const ledger = await openLedger(path, flush)
  const cache = await openCache(cachePath).catch((error: unknown) => {
    ledger.close()
    throw error
  })
  const keeping = new GroupCommit<readonly MoneyChange[]>(
    (sets) => orFault(path, () => ledger.write(sets)),
    {
      sync: () =>
        ledger.sync().catch((error: unknown) => Promise.reject(asStorageFault(error, path))),
    },
  )
  const observing = new GroupCommit<Observation>(
    (rows) => orFault(cachePath, () => cache.write(rows)),
    { collectMs: OBSERVE_MS, mostRows: 1_000 },
  )
  let closing: Promise<void> | null = null

  const refusal = (): Fault | null => (closing ? storeClosed() : keeping.failed)

  const keep = (kept: Kept): Promise<void> => {
    const refused = refusal()
    if (refused) return Promise.reject(refused)
    // What was there before the commit itself says. An event that is there is written again, to no effect but that
    // it is on the disk then.
    return keeping.add([{ do: 'put', table: 'kept', row: kept }])
  }

  const write = async (changes: readonly MoneyChange[]): Promise<void> => {
    const refused = refusal()
    if (refused) throw refused
    if (changes.length > 0 || !keeping.idle) await keeping.add(changes, true)
  }

  const money = readsOf(path, ledger.money)
  // What waits was decided on the reading before.
  const spending: MoneyStore['spending'] = (since) => {
    keeping.flush()
    return money.spending(since)
  }

  const tab: MoneyStore['tab'] = (...of) => {
    keeping.flush()
    return money.tab(...of)
  }

  const close = async (): Promise<void> => {
    keeping.flush()
    observing.flush()
    await keeping.synced()
    keeping.stop(storeClosed())
    observing.stop(storeClosed())
    cache.close()
    orFault(path, () => ledger.close())
  }

  return {
    keep,
    money: { ...money, write, spending, tab },
    chainHead: (key) => {
      keeping.flush()
      return orFault(path, () => ledger.head(key))
    },
    newest: (limit) => orFault(path, () => ledger.newest(limit)),
    observe: (observation) =>
      closing ? Promise.reject(storeClosed()) : observing.add(observation),
    observations: (since) => {
      observing.flush()
      return orFault(cachePath, () => cache.since(since))
    },
    close: () => (closing ??= close()),
  }
}

const readsOf = (path: string, money: MoneyReads): MoneyReads => ({
  tabs: (...of) => orFault(path, () => money.tabs(...of)),
  wakeTabs: (...of) => orFault(path, () => money.wakeTabs(...of)),
  tab: (...of) => orFault(path, () => money.tab(...of)),
  openDraws: (...of) => orFault(path, () => money.openDraws(...of)),
  openInvoices: (...of) => orFault(path, () => money.openInvoices(...of)),
  proofs: () => orFault(path, () => money.proofs()),
  invoice: (...of) => orFault(path, () => money.invoice(...of)),
  statements: (...of) => orFault(path, () => money.statements(...of)),
  newestStatement: (...of) => orFault(path, () => money.newestStatement(...of)),
  spending: (...of) => orFault(path, () => money.spending(...of)),
  elsewhere: () => orFault(path, () => money.elsewhere()),
  payment: (...of) => orFault(path, () => money.payment(...of)),
  payments: (...of) => orFault(path, () => money.payments(...of)),
  charge: (...of) => orFault(path, () => money.charge(...of)),
  charges: (...of) => orFault(path, () => money.charges(...of)),
  receiptText: (...of) => orFault(path, () => money.receiptText(...of)),
  locked: (...of) => orFault(path, () => money.locked(...of)),
  lockedFrames: (...of) => orFault(path, () => money.lockedFrames(...of)),
})

const orFault = <T>(path: string, call: () => T): T => {
  try {
    return call()
  } catch (error) {
    const fault: Fault = asStorageFault(error, path)
    throw fault
  }
}
