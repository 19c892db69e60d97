import { type UnixMs, unixMs } from '../../base/clock.ts'
import type { CreditPolicy } from '../../metering/tab-credit.ts'
import type { HeldSlots } from '../../metering/invoice-book-slots.ts'
import { openBook } from '../../metering/invoice-book.ts'
import { type Tabs, openTabs } from '../../metering/tab.ts'
import type { Tab } from '../../metering/tab-rows.ts'
import type { EventId, JobId, PubKey } from '../../protocol/ids.ts'
import type { Verifier } from '../../protocol/intake.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import type { Contents } from '../../protocol/messages.ts'
import type { SheetPay } from '../../protocol/sheet.ts'
import type { MoneyChange, MoneyStore } from '../../storage/money-store.ts'
import { type Counter, commitTo, newCounter } from '../counter.ts'
import type { LinkId } from '../wire.ts'
import type { NodeTurn } from './state.ts'

/** What a node has that takes money: its tabs, its invoices, and who is told of them. */
export type Till = Counter<NodeTurn> & {
  readonly tabs: Tabs
  readonly pay: SheetPay
  /** Our wallet makes hold invoices. */
  readonly canHold: boolean
  readonly credit: CreditPolicy
  readonly verifier: Verifier
  /** Sealed events that were opened. */
  readonly replay: ReplayCache
  /** Who is told what becomes of an invoice, by tab key and ref (reach.ts). */
  readonly heard: Map<string, Reach>
  /** Who asked for an invoice and has no answer yet, by tab key and ref: several processes may share a tab. */
  readonly asking: Map<string, readonly Reach[]>
  /** Invoices that were asked for and leave in a moment, by session and ref: not all at once. */
  readonly later: Map<string, Later>
  /** Tickets that are kept for whoever pays for them now. */
  readonly held: HeldSlots
  /** What was said of the newest payments into tabs, by their keys. */
  readonly counted: Map<PubKey, readonly Contents['paid'][]>
  /** Highest seq that settled of an invoice for one job, by the job; what is forgotten begins anew. */
  readonly paidFor: Map<string, number>
}

/** A session that spoke for a tab key: its key, on which link; and the job that waits for its invoice. */
export type Reach = Readonly<{
  link: LinkId
  client: PubKey
  waits?: Readonly<{ job: JobId; ticket: EventId }>
}>

export type Later = Readonly<{ to: Reach; payer: PubKey; invoice: Contents['invoice'] }>

/** Statements of a tab are read from the ledger, from a number on; a `statements` event follows. */
export type LedgerEffect = Readonly<{
  do: 'statements'
  key: PubKey
  from: number
  limit: number
  /** Who asked for them. */
  to: Reach
}>

/** The till as the ledger has it; what an earlier process had reserved is free again. */
export const openTill = (
  store: MoneyStore,
  options: Readonly<{ node: PubKey }> & Pick<Till, 'pay' | 'canHold' | 'credit' | 'verifier'>,
  now: UnixMs,
): { till: Till; changes: readonly MoneyChange[] } => {
  const { node, ...rest } = options
  const tabRows = store.wakeTabs(node, now).map((tab) => withinTime(tab, now))
  const rows = { tabs: tabRows, draws: store.openDraws(node) }
  const recall: Till['tabs']['recall'] = (key) => store.tab(node, key)
  const { state: tabs, changes } = openTabs(node, rows, now, recall)
  const till: Till = {
    ...newCounter(openBook(node, store.openInvoices(node), now)),
    ...rest,
    tabs,
    replay: new ReplayCache(),
    heard: new Map(),
    asking: new Map(),
    later: new Map(),
    held: new Map(),
    counted: new Map(),
    paidFor: new Map(),
  }
  return { till, changes }
}

/** A debt lapses when it is due, and not before. */
export const awaitDebt = ({ deadlines }: NodeTurn['state'], tab: Tab): void => {
  const { key, due, defaulted } = tab
  if (due !== null && !defaulted) deadlines.set(`due:${key}`, due)
}

/**
 * What fell due while nobody was here: whether it was paid meanwhile is heard first. By a clock that was set
 * back since it is due no later than a debt of now.
 */
const withinTime = (tab: Tab, now: UnixMs): Tab =>
  tab.due === null
    ? tab
    : { ...tab, due: unixMs(Math.min(now + DUE_MS, Math.max(now + HEARD_WITHIN_MS, tab.due))) }

/** How long what is owed may stay unpaid. */
export const DUE_MS = 10 * 60_000
const HEARD_WITHIN_MS = 60_000

/**
 * Writes rows together; what follows comes when they are on the disk, and with them all that was written
 * before: also where there are none, since what follows may stand on rows that are on their way.
 */
export const commit = (
  turn: NodeTurn,
  till: Till,
  changes: readonly MoneyChange[],
  then: (turn: NodeTurn) => void,
): void => {
  for (const { table, row } of changes) if (table === 'tabs') awaitDebt(turn.state, row)
  commitTo(turn, till, changes, then)
}
