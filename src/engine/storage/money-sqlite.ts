import type { Database } from 'bun:sqlite'
import type { Fault } from '../base/fault.ts'
import { REST_MS } from '../metering/tab-rows.ts'
import type { EventId, JobId } from '../protocol/ids.ts'
import { moneyKnown } from './faults.ts'
import type { MoneyChange, MoneyStore } from './money-store.ts'
import { tablesOf } from './money-tables.ts'
import { versionsOf } from './money-version.ts'

type Written = Exclude<MoneyChange, { table: 'kept' }>

/** The tables of money in ledger.db: their reads, and the one write, for a transaction of the ledger's. */
export const moneyTables = (db: Database) => {
  const tables = tablesOf(db)
  const { tabs, draws, statements, invoices, payments, views, charges, proofs, locked } = tables
  const reads = {
    tabs: tabs.select('WHERE node = ?'),
    tab: tabs.select('WHERE node = ? AND key = ?'),
    // As isResting has it.
    wakeTabs: tabs.select(
      'WHERE node = ? AND (at > ? OR reserved > 0 OR credit > 0 OR used > paid OR due IS NOT NULL)',
    ),
    openDraws: draws.select(`WHERE node = ? AND state = 'reserved'`),
    openInvoices: invoices.select(`WHERE payee = ? AND state <> 'settled' ORDER BY at`),
    invoice: invoices.select('WHERE hash = ?'),
    statements: statements.select('WHERE node = ? AND key = ? AND n >= ? ORDER BY n, at LIMIT ?'),
    newest: statements.select('WHERE node = ? AND key = ? ORDER BY n DESC, at LIMIT 1'),
    // As they came: a put keeps the place of a row.
    proofs: proofs.select('ORDER BY rowid'),
    entries: payments.select('WHERE final = 0 OR at >= ? ORDER BY at'),
    payment: payments.select('WHERE hash = ?'),
    payments: payments.select('ORDER BY at DESC LIMIT ?'),
    views: views.select('ORDER BY paid_at'),
    charge: charges.select('WHERE receipt = ?'),
    charges: charges.select('WHERE payee = ? AND ref = ? ORDER BY at DESC LIMIT ?'),
    locked: locked.pick(['hash', 'job', 'node', 'task', 'at'], 'ORDER BY at'),
    lockedFrames: locked.pick(['frames'], 'WHERE hash = ?'),
  }
  // As it is written by the ledger (ledger.ts).
  const keptText = db.prepare<{ text: string }, [JobId, EventId]>(
    `SELECT text FROM kept WHERE job = ? AND id = ? AND kind = 'receipt'`,
  )
  const versions = versionsOf(db)

  const write = (change: Written): boolean => {
    switch (change.table) {
      case 'tabs':
        return tabs.write(change)
      case 'draws':
        return draws.write(change)
      case 'statements':
        return statements.write(change)
      case 'invoices':
        return invoices.write(change)
      case 'payments':
        return payments.write(change)
      case 'views':
        return views.write(change)
      case 'charges':
        return charges.write(change)
      case 'proofs':
        return proofs.write(change)
      case 'locked':
        return locked.write(change)
    }
  }

  const readSpending = db.transaction((since: bigint) => {
    versions.read()
    return { entries: reads.entries(since), views: reads.views() }
  })

  return {
    prepared: () => [
      ...Object.values(tables).flatMap((it) => it.prepared),
      keptText,
      ...versions.prepared,
    ],
    /** @returns why it was not written */
    write: (change: Written): Fault | null =>
      write(change) ? null : moneyKnown(change.table, idOf(change)),
    versions,
    reads: {
      tabs: (node) => reads.tabs(node),
      wakeTabs: (node, now) => reads.wakeTabs(node, BigInt(now - REST_MS)),
      tab: (node, key) => reads.tab(node, key)[0] ?? null,
      openDraws: (node) => reads.openDraws(node),
      openInvoices: (payee) => reads.openInvoices(payee),
      proofs: () => reads.proofs(),
      invoice: (hash) => reads.invoice(hash)[0] ?? null,
      statements: (node, key, n, limit) => reads.statements(node, key, BigInt(n), BigInt(limit)),
      newestStatement: (node, key) => reads.newest(node, key)[0] ?? null,
      spending: (since) => readSpending.deferred(BigInt(since)),
      elsewhere: () => versions.isStale(),
      payment: (hash) => reads.payment(hash)[0] ?? null,
      payments: (limit) => reads.payments(BigInt(limit)),
      charge: (receipt) => reads.charge(receipt)[0] ?? null,
      charges: (payee, ref, limit) => reads.charges(payee, ref, BigInt(limit)),
      receiptText: (job, id) => keptText.get(job, id)?.text ?? null,
      locked: () => reads.locked(),
      lockedFrames: (hash) => reads.lockedFrames(hash)[0]?.frames ?? null,
    } satisfies Omit<MoneyStore, 'write'>,
  }
}

const idOf = ({ row }: Written): string =>
  'hash' in row
    ? row.hash
    : 'id' in row
      ? row.id
      : 'receipt' in row
        ? row.receipt
        : row.at.toString()
