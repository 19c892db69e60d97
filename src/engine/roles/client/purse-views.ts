import type { Clock } from '../../base/clock.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Entry, WantedPayment } from '../../spending/journal-rows.ts'
import {
  type TabView,
  type ViewChange,
  forgotten,
  openView,
  paidInto,
} from '../../spending/ledger.ts'
import type { Purse } from './purse-seam.ts'
import { payerOf } from './purse-rules.ts'

type Change = Extract<ViewChange, { table: 'views' }>

/**
 * Our views of tabs, as the ledger was read. A key that is not that of our tab there is a session's, unless it is known
 * to last, or what it paid was paid into a tab: one of an identity that we had before.
 */
export const openViews = (tab: Purse['tab'], clock: Clock) => {
  const rows = new Map<string, TabView>()
  const placeOf = ({ payee, ref }: Pick<TabView, 'payee' | 'ref'>) => `${payee} ${ref}`
  const lasting = new Set<PubKey>()
  const of = (payee: PubKey, ref: PubKey, isTab = ref === tab(payee).pubkey): TabView => {
    const row = rows.get(placeOf({ payee, ref }))
    const lasts = isTab || lasting.has(ref)
    if (!row) return openView(payee, ref, clock.now(), !lasts)
    return row.session && lasts ? { ...row, session: false } : row
  }
  return {
    of,
    lasts: (key: PubKey): void => void lasting.add(key),
    read: (read: readonly TabView[]): void => {
      rows.clear()
      for (const row of read) rows.set(placeOf(row), row)
    },
    /** What was written. */
    put: ({ do: what, row }: Change): void => {
      if (what === 'drop') rows.delete(placeOf(row))
      else rows.set(placeOf(row), row)
    },
    /**
     * A payment is written down whose ref does not say whose units it buys (`hold`, `--as`): that its key is no session's
     * is written with it, since only who pays now knows; it may settle under another identity.
     */
    begun: (payment: WantedPayment): Change[] => {
      const at = tabOf(payment)
      if (!at || at.ref === payment.ref || rows.has(placeOf(at))) return []
      const row = of(at.payee, at.ref)
      return row.session ? [] : [{ do: 'put', table: 'views', row }]
    },
    /** The tab whose units it buys; null where it buys none. */
    boughtBy: (payment: WantedPayment): TabView | null => {
      const at = tabOf(payment)
      return at ? of(at.payee, at.ref) : null
    },
    settled: (entry: Entry): Change[] => {
      const at = tabOf(entry)
      if (!at) return []
      const view = of(at.payee, at.ref, at.ref === entry.ref || undefined)
      return [{ do: 'put', table: 'views', row: paidInto(view, entry, clock.now()) }]
    },
    /** The node gets nothing more, by our tab's key nor by one of a session: those ask for both. */
    pinned: (payee: PubKey): Change[] => {
      const row = of(payee, tab(payee).pubkey)
      if (row.broken) return []
      return [{ do: 'put', table: 'views', row: { ...row, broken: true, at: clock.now() } }]
    },
    /** The node says that it knows nothing of our tab, where we have something. */
    lost: (payee: PubKey): Change[] => {
      const row = of(payee, tab(payee).pubkey)
      if (row.paid === 0n) return []
      return [{ do: 'put', table: 'views', row: { ...row, lostAt: clock.now() } }]
    },
    old: (): ViewChange[] => forgotten(rows.values(), clock.now()),
  }
}

/** The tab whose units a payment buys; undefined where it buys none. */
const tabOf = (payment: Pick<Entry, 'payee' | 'terms' | 'purpose'>) => {
  const ref = payerOf(payment)
  return payment.payee === null || ref === null ? undefined : { payee: payment.payee, ref }
}
