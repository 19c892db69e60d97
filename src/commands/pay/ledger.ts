import { join } from 'node:path'
import { systemClock } from '../../engine/base/clock.ts'
import { paths } from '../../engine/base/paths.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import { openJournal, spentToday } from '../../engine/spending/journal.ts'
import { dayBegan, isOut } from '../../engine/spending/journal-news.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { type TabView, leftOn } from '../../engine/spending/ledger.ts'
import { memoryStore } from '../../engine/storage/memory.ts'
import type { LedgerStore, MoneyReads, MoneyStore } from '../../engine/storage/money-store.ts'
import { readMoney } from '../../engine/storage/reading.ts'
import { openStore } from '../../engine/storage/sqlite.ts'
import { placeOf, unsettledOn } from './unsettled.ts'

type Env = Readonly<Record<string, string | undefined>>

/** What this user paid on one network. Play money has a ledger of its own, so that it never counts as money. */
export const userLedgerPath = (net: Net, env: Env = process.env): string =>
  join(paths(env).state, 'client', net, 'ledger.db')

/** Opens it; processes of one user share it. @throws Fault `io` `ledger.*` */
export const openUserLedger = (net: Net): Promise<LedgerStore> => openStore(userLedgerPath(net))

/**
 * Reads it and writes nothing, so that it may lie where only reading is allowed. One that is not there yet has nothing
 * in it, and is not made.
 * @throws Fault as readMoney
 */
export const readUserLedger = <T>(net: Net, read: (money: MoneyReads) => T): T => {
  const found = readMoney(userLedgerPath(net), (money) => ({ is: read(money) }))
  return found ? found.is : read(memoryStore().money)
}

/** A look at the ledger, without a wallet. Amounts in msat. */
export type Standing = Readonly<{
  /** Payments whose end is not known. */
  open: readonly Entry[]
  tabs: readonly TabView[]
  /** Those of `--tab off` that are over: what was left on them went with their keys. */
  past: readonly TabView[]
  /** What this day came to, fees included; what is open counts in full. */
  spentToday: bigint
  /** Paid and unused on all tabs together, but for those whose nodes get no job any more. */
  unused: bigint
  /** What of a tab is left by our count alone (unsettled.ts), by its place; no part of `unused`. */
  unsettled: ReadonlyMap<string, bigint>
}>

export const standingOf = (
  money: Pick<MoneyStore, 'spending' | 'payments' | 'charges' | 'statements'>,
): Standing => {
  const now = systemClock.now()
  const { entries, views: rows } = money.spending(dayBegan(now))
  const views = rows.filter((it) => !isBlank(it))
  const tabs = views.filter((it) => !isPast(it))
  const unsettled = unsettledOn(money, tabs)
  return {
    open: entries.filter(isOut),
    tabs,
    past: views.filter(isPast),
    spentToday: spentToday(openJournal(entries, views, now, null), now),
    unused: tabs
      .filter(({ session, broken, lostAt }) => !session && !broken && lostAt === null)
      .map((it) => leftOn(it) - (unsettled.get(placeOf(it)) ?? 0n))
      .reduce((sum, it) => (it > 0n ? sum + it : sum), 0n),
    unsettled,
  }
}

/**
 * Whether nothing can come of it any more: its key is one of `--tab off`, which pays each job alone and takes its key
 * along. What is owed, and what a node is found out by, is never past.
 */
const isPast = (view: TabView): boolean => view.session && !view.broken && leftOn(view) >= 0n

/** Nothing came of it: what was to be paid for a job there was not. */
const isBlank = ({ paid, used, n, broken }: TabView): boolean =>
  paid === 0n && used === 0n && n === 0 && !broken

/** The newest top-up of a tab that settled; null without one among the newest payments. */
export const lastTopUp = (money: MoneyStore, tab: PubKey): Entry | null =>
  money
    .payments(NEWEST)
    .find((it) => it.ref === tab && it.purpose === 'topup' && it.state === 'settled') ?? null

/** Payments that are looked through for it. */
const NEWEST = 10_000
