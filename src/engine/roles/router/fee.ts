import type { UnixMs } from '../../base/clock.ts'
import type { Msat } from '../../base/money.ts'
import { openBook } from '../../metering/invoice-book.ts'
import { type PackPrice, packPrice } from '../../metering/route-pack.ts'
import { type Tabs, openTabs } from '../../metering/tab.ts'
import { spendingFault } from '../../payments/spending-credential.ts'
import type { Wallet } from '../../payments/wallet.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Pack } from '../../protocol/pack.ts'
import type { MoneyStore } from '../../storage/money-store.ts'
import { type Counter, newCounter } from '../counter.ts'
import type { Turn } from './state.ts'

/** What a router takes its fee with. The wallet is closed with the router. */
export type RouterFee = Readonly<{
  wallet: Wallet
  store: MoneyStore
  /** What a pack costs, msat, over 0, and for how many jobs it is good. */
  pack: Msat
  routes: number
}>

/** What a router has that takes a fee: what was paid and used by each pack key, and who draws on which. */
export type FeeTill = Counter<Turn> & {
  readonly tabs: Tabs
  readonly price: PackPrice
  readonly payees: Pack['payees']
  readonly bind: Pack['bind']
  /** The pack that a session draws on, for as long as it has a link. */
  packOf: Map<PubKey, PubKey>
  /** Sessions that wait for the invoice of a pack, or for word that it is paid. */
  asking: Map<PubKey, Set<PubKey>>
  /** How many jobs are open on a pack. */
  open: Map<PubKey, number>
}

/**
 * The till of a router as the ledger has it.
 * @throws Fault `refused` `wallet.can_spend`: strangers talk to a router, and it needs only to receive; `config`
 *   `fee.sum`: a pack cannot cost that; those of the wallet
 */
export const openFee = async (
  { wallet, store, pack, routes }: RouterFee,
  router: PubKey,
  now: UnixMs,
): Promise<FeeTill> => {
  const info = await wallet.info()
  const fault = spendingFault(info, false)
  if (fault) throw fault
  const { nodeKey, caps } = info
  const price = packPrice(pack, routes, caps.granularity)
  if (price instanceof Error) throw price
  const { state: tabs } = openTabs(router, { tabs: store.tabs(router), draws: [] }, now)
  return {
    ...newCounter(openBook(router, store.openInvoices(router), now)),
    tabs,
    price,
    // Behind an address there may be any number of nodes.
    payees: nodeKey === null || caps.bind === 'none' ? [] : [nodeKey],
    bind: caps.bind === 'description' ? 'hash' : caps.bind,
    packOf: new Map(),
    asking: new Map(),
    open: new Map(),
  }
}
