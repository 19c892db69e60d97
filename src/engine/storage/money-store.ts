import type { UnixMs } from '../base/clock.ts'
import type { BookedInvoice, InvoiceChange } from '../metering/invoice-book-rows.ts'
import type { Change, Draw, SignedStatement, Tab, TabChange } from '../metering/tab-rows.ts'
import type { EventId, JobId, PaymentHash, PubKey } from '../protocol/ids.ts'
import type { Entry, PaymentChange } from '../spending/journal-rows.ts'
import type { Charge, TabView, ViewChange } from '../spending/ledger.ts'
import type { ProofChange, TakenProof } from '../spending/proofs.ts'
import type { LockedAbout, LockedResult } from '../spending/locked.ts'
import type { Kept, Store } from './store.ts'

/** One row that is to be written. */
export type MoneyChange =
  | Change<'kept', Kept>
  | TabChange
  | InvoiceChange
  | PaymentChange
  | ViewChange
  | ProofChange
  | Change<'locked', LockedResult>

/**
 * The part of the ledger that counts money. The rows of one `write` are on the disk all together or not at
 * all: a receipt, its tab and its invoice change in one moment.
 */
export interface MoneyStore {
  /**
   * Resolves once everything is on the disk. An idle ledger writes at once; a busy one commits together what
   * came meanwhile. Order is kept: what was written first is there first. Of no changes at all it resolves once
   * everything before is there.
   *
   * Rejects with Fault, and none of the changes is written, where
   * - `io` `money.known`: a row of an `add` is there already (a payment hash, a draw, a charge), or an invoice or
   *   payment that settled would be changed;
   * - `io` `receipt.duplicate`: as Store.keep;
   * - `again` `money.elsewhere`: another process of this user wrote payments or views since they were read here:
   *   read them again (`spending`), and decide again;
   * - `io` anything else: the ledger takes nothing more.
   */
  write(changes: readonly MoneyChange[]): Promise<void>

  /** All tabs of a node. */
  tabs(node: PubKey): Tab[]
  /** Those that do not rest now (metering/tab-rows.ts). */
  wakeTabs(node: PubKey, now: UnixMs): Tab[]
  /** One of them, with what was given to be written before; null where there is none. */
  tab(node: PubKey, key: PubKey): Tab | null
  /** Draws of a node's jobs that have not ended; in a payer's ledger those of its own jobs there. */
  openDraws(node: PubKey): Draw[]
  /** A payee's invoices that have not settled, the oldest first. */
  openInvoices(payee: PubKey): BookedInvoice[]
  /** Payments that a router was shown, as they came. */
  proofs(): TakenProof[]
  /** The invoice of a payment hash, of whichever payee and however it stands, or null. */
  invoice(hash: PaymentHash): BookedInvoice | null
  /** What was signed about a tab, from number `n` on, at most `limit`. */
  statements(node: PubKey, key: PubKey, n: number, limit: number): SignedStatement[]
  /** The one of the highest number, or null. */
  newestStatement(node: PubKey, key: PubKey): SignedStatement | null

  /**
   * What the payer's journal begins with: entries that are not final, and all since `since`; and all views, the
   * least recently paid first.
   * Writes of payments and views are held against this reading.
   */
  spending(since: UnixMs): { entries: Entry[]; views: TabView[] }
  /** Whether another process of this user has written payments or views since. */
  elsewhere(): boolean
  /** The payment of a hash, however it stands, or null. */
  payment(hash: PaymentHash): Entry | null
  /** The newest payments, newest first. */
  payments(limit: number): Entry[]
  /** What we counted for a receipt, or null. */
  charge(receipt: EventId): Charge | null
  /** The newest charges on one tab, newest first. */
  charges(payee: PubKey, ref: PubKey, limit: number): Charge[]
  /** The exact text of a receipt that was kept, or null. */
  receiptText(job: JobId, receipt: EventId): string | null
  /** Results that came locked, the oldest first: what is known of them, and then the frames of one. */
  locked(): LockedAbout[]
  lockedFrames(hash: PaymentHash): Uint8Array | null
}

/** What can be had of it by who only reads. */
export type MoneyReads = Omit<MoneyStore, 'write'>

/** A store, and the money in the same ledger. */
export type LedgerStore = Store & Readonly<{ money: MoneyStore }>
