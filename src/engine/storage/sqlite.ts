import { dirname, join } from 'node:path'
import type { Fault } from '../base/fault.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { openCache } from './cache.ts'
import { asStorageFault } from './database.ts'
import { receiptDuplicate, storeClosed } from './faults.ts'
import { GroupCommit } from './group-commit.ts'
import { type Flush, openLedger } from './ledger.ts'
import type { LedgerStore, MoneyChange, MoneyStore } from './money-store.ts'
import type { Kept, Observation } from './store.ts'

/**
 * Opens the store on disk: the ledger at `path`, and cache.db in the same folder. Both are
 * made where they are missing, with mode 0600.
 *
 * Reads see what is committed; `chainHead` also sees what waits for its commit, so that two
 * receipts that are signed within one group never name the same `prev`.
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
  const waiting = newWaiting()
  const keeping = new GroupCommit<readonly MoneyChange[]>(
    (sets) => orFault(path, () => ledger.write(sets)),
    () => ledger.sync().catch((error: unknown) => Promise.reject(asStorageFault(error, path))),
  )
  const observing = new GroupCommit<Observation>((rows) =>
    orFault(cachePath, () => cache.write(rows)),
  )
  let closing: Promise<void> | null = null

  const takes = (): void => {
    if (closing) throw storeClosed()
    if (keeping.failed) throw keeping.failed
  }

  /** Of acknowledgements the commit itself says what was there before; a receipt is a head at once. */
  const checkFirst = (kept: Kept): void => {
    if (kept.kind !== 'receipt') return
    const first = waiting.receiptOf(kept) ?? orFault(path, () => ledger.receiptOf(kept))
    if (first && first !== kept.id) throw receiptDuplicate(kept.job)
  }

  const add = (changes: readonly MoneyChange[], soon: boolean): Promise<void> => {
    const kept = changes.flatMap((it) => (it.table === 'kept' ? [it.row] : []))
    for (const it of kept) checkFirst(it)
    const committed = keeping.add(changes, soon)
    for (const it of kept) waiting.add(it, committed)
    return committed.finally(() => kept.forEach((it) => waiting.remove(it)))
  }

  const keep = async (kept: Kept): Promise<void> => {
    takes()
    // One that another process wrote is written again, to no effect but that it is on the disk then.
    return waiting.promiseOf(kept.id) ?? add([{ do: 'put', table: 'kept', row: kept }], false)
  }

  const write = async (changes: readonly MoneyChange[]): Promise<void> => {
    takes()
    if (changes.length > 0 || !keeping.idle) await add(changes, true)
  }

  const money = readsOf(path, ledger.money)
  // What waits was decided on the reading before.
  const spending: MoneyStore['spending'] = (since) => {
    keeping.flush()
    return money.spending(since)
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
    money: { ...money, write, spending },
    chainHead: (key) => waiting.headOf(key) ?? orFault(path, () => ledger.head(key)),
    ofJob: (job) => orFault(path, () => ledger.ofJob(job)),
    newest: (limit) => orFault(path, () => ledger.newest(limit)),
    observe: (observation) =>
      closing ? Promise.reject(storeClosed()) : observing.add(observation),
    observations: (since) => orFault(cachePath, () => cache.since(since)),
    close: () => (closing ??= close()),
  }
}

/** What was given to the group that is not committed yet. */
const newWaiting = () => {
  const promises = new Map<EventId, Promise<void>>()
  const receipts = new Map<string, EventId>()
  const heads = new Map<PubKey, EventId>()
  return {
    add: (kept: Kept, committed: Promise<void>): void => {
      promises.set(kept.id, committed)
      if (kept.kind !== 'receipt') return
      receipts.set(placeOf(kept), kept.id)
      heads.set(kept.by, kept.id)
    },
    promiseOf: (id: EventId) => promises.get(id),
    receiptOf: (kept: Kept) => receipts.get(placeOf(kept)),
    headOf: (key: PubKey): EventId | null => heads.get(key) ?? null,
    remove: (kept: Kept): void => {
      promises.delete(kept.id)
      if (kept.kind !== 'receipt') return
      receipts.delete(placeOf(kept))
      if (heads.get(kept.by) === kept.id) heads.delete(kept.by)
    },
  }
}

const placeOf = ({ by, job, ticket }: Kept): string => `${by} ${job} ${ticket}`

const readsOf = (path: string, money: Omit<MoneyStore, 'write'>): Omit<MoneyStore, 'write'> => ({
  tabs: (...of) => orFault(path, () => money.tabs(...of)),
  openDraws: (...of) => orFault(path, () => money.openDraws(...of)),
  openInvoices: (...of) => orFault(path, () => money.openInvoices(...of)),
  statements: (...of) => orFault(path, () => money.statements(...of)),
  spending: (...of) => orFault(path, () => money.spending(...of)),
  payments: (...of) => orFault(path, () => money.payments(...of)),
  charge: (...of) => orFault(path, () => money.charge(...of)),
  charges: (...of) => orFault(path, () => money.charges(...of)),
})

const orFault = <T>(path: string, call: () => T): T => {
  try {
    return call()
  } catch (error) {
    const fault: Fault = asStorageFault(error, path)
    throw fault
  }
}
