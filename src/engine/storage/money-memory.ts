import type { Fault } from '../base/fault.ts'
import type { BookedInvoice } from '../metering/invoice-book-rows.ts'
import { type Draw, type SignedStatement, type Tab, isResting } from '../metering/tab-rows.ts'
import type { Entry } from '../spending/journal-rows.ts'
import type { Charge, TabView } from '../spending/ledger.ts'
import type { TakenProof } from '../spending/proofs.ts'
import type { LockedAbout, LockedResult } from '../spending/locked.ts'
import { moneyKnown, storeClosed } from './faults.ts'
import type { MoneyChange, MoneyReads, MoneyStore } from './money-store.ts'
import type { Kept } from './store.ts'

/** What takes one change back. */
type Undo = () => void

/**
 * The money of a store that forgets everything with its process.
 * @param keep keeps an event at once, or says why not
 * @param isClosed whether the store was closed
 * @param receiptText of what was kept
 */
export const memoryMoney = (
  keep: (kept: Kept) => Undo | Fault,
  isClosed: () => boolean,
  receiptText: MoneyReads['receiptText'],
): MoneyStore => {
  const rows = {
    tabs: new Map<string, Tab>(),
    draws: new Map<string, Draw>(),
    statements: new Map<string, SignedStatement>(),
    invoices: new Map<string, BookedInvoice>(),
    payments: new Map<string, Entry>(),
    views: new Map<string, TabView>(),
    charges: new Map<string, Charge>(),
    proofs: new Map<string, TakenProof>(),
    locked: new Map<string, LockedResult>(),
  }
  const drawn = new Set<string>()
  const all = <Row>(map: Map<string, Row>, fits: (row: Row) => boolean): Row[] =>
    [...map.values()].filter(fits)
  const newest = <Row extends { at: number }>(found: Row[], limit: number): Row[] =>
    found
      .toReversed()
      .toSorted((a, b) => b.at - a.at)
      .slice(0, limit)

  const writeOne = (change: MoneyChange): Undo | Fault => {
    const refused = moneyKnown(change.table, idOf(change))
    switch (change.table) {
      case 'kept':
        return keep(change.row)
      case 'tabs':
        return put(rows.tabs, change) ?? refused
      case 'draws': {
        const place = `${change.row.node} ${change.row.job} ${change.row.ticket}`
        if (change.do === 'add' && drawn.has(place)) return refused
        const undo = put(rows.draws, change)
        if (change.do !== 'add' || !undo) return undo ?? refused
        drawn.add(place)
        return () => (undo(), drawn.delete(place))
      }
      case 'statements':
        return put(rows.statements, change) ?? refused
      case 'invoices':
        return put(rows.invoices, change, isSettled) ?? refused
      case 'payments':
        return put(rows.payments, change, isSettled) ?? refused
      case 'views':
        return put(rows.views, change) ?? refused
      case 'charges':
        return put(rows.charges, change) ?? refused
      case 'proofs':
        return put(rows.proofs, change) ?? refused
      case 'locked':
        return put(rows.locked, change) ?? refused
    }
  }

  return {
    write: async (changes) => {
      if (isClosed()) throw storeClosed()
      const undos: Undo[] = []
      for (const change of changes) {
        const done = writeOne(change)
        if (typeof done === 'function') {
          undos.unshift(done)
          continue
        }
        for (const undo of undos) undo()
        throw done
      }
    },
    tabs: (node) => all(rows.tabs, (it) => it.node === node),
    wakeTabs: (node, now) => all(rows.tabs, (it) => it.node === node && !isResting(it, now)),
    tab: (node, key) => rows.tabs.get(`${node} ${key}`) ?? null,
    openDraws: (node) => all(rows.draws, (it) => it.node === node && it.state === 'reserved'),
    openInvoices: (payee) =>
      all(rows.invoices, (it) => it.payee === payee && it.state !== 'settled').toSorted(
        (a, b) => a.at - b.at,
      ),
    proofs: () => all(rows.proofs, () => true),
    invoice: (hash) => rows.invoices.get(hash) ?? null,
    statements: (node, key, n, limit) =>
      all(rows.statements, (it) => it.node === node && it.key === key && it.n >= n)
        .toSorted((a, b) => a.n - b.n || a.at - b.at)
        .slice(0, limit),
    newestStatement: (node, key) =>
      all(rows.statements, (it) => it.node === node && it.key === key).toSorted(
        (a, b) => b.n - a.n || a.at - b.at,
      )[0] ?? null,
    spending: (since) => ({
      entries: all(rows.payments, (it) => !it.final || it.at >= since).toSorted(
        (a, b) => a.at - b.at,
      ),
      views: all(rows.views, () => true).toSorted((a, b) => (a.paidAt ?? 0) - (b.paidAt ?? 0)),
    }),
    // No other process has it.
    elsewhere: () => false,
    payment: (hash) => rows.payments.get(hash) ?? null,
    payments: (limit) => newest([...rows.payments.values()], limit),
    charge: (receipt) => rows.charges.get(receipt) ?? null,
    charges: (payee, ref, limit) =>
      newest(
        all(rows.charges, (it) => it.payee === payee && it.ref === ref),
        limit,
      ),
    receiptText,
    locked: () =>
      all(rows.locked, () => true)
        .toSorted((a, b) => a.at - b.at)
        .map(aboutOf),
    lockedFrames: (hash) => rows.locked.get(hash)?.frames ?? null,
  }
}

/** @returns what takes it back; undefined where it may not be done */
const put = <Row>(
  rows: Map<string, Row>,
  change: Readonly<{ do: 'add' | 'put' | 'drop'; row: Row }> & MoneyChange,
  isFinal: (row: Row) => boolean = () => false,
): Undo | undefined => {
  const id = idOf(change)
  const before = rows.get(id)
  if (before !== undefined && change.do !== 'drop' && (change.do === 'add' || isFinal(before)))
    return undefined
  if (change.do === 'drop') rows.delete(id)
  else rows.set(id, change.row)
  return () => void (before === undefined ? rows.delete(id) : rows.set(id, before))
}

const isSettled = ({ state }: BookedInvoice | Entry): boolean => state === 'settled'

const aboutOf = (row: LockedResult): LockedAbout => {
  const { frames: _, ...about } = row
  return about
}

/** What tells the rows of a table apart. */
const idOf = (change: MoneyChange): string => {
  switch (change.table) {
    case 'tabs':
      return `${change.row.node} ${change.row.key}`
    case 'views':
      return `${change.row.payee} ${change.row.ref}`
    case 'charges':
      return change.row.receipt
    case 'invoices':
    case 'payments':
    case 'proofs':
    case 'locked':
      return change.row.hash
    default:
      return change.row.id
  }
}
