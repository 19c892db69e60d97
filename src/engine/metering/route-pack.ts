import type { UnixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import type { PubKey } from '../protocol/ids.ts'
import { LEAST_INVOICE } from '../protocol/terms.ts'
import type { TabChange } from './tab-rows.ts'
import type { Tabs } from './tab.ts'

/** What a router asks for: a pack, how many jobs it is good for, and so what one of them costs. */
export type PackPrice = Readonly<{ pack: Msat; routes: number; route: Msat }>

/**
 * The price of a pack so that all its routes cost the same and its wallet can ask for it: rounded up, to whole
 * msat for a route, and to what the wallet counts in for the pack.
 * @param wished what the operator wants for a pack, msat, more than 0
 */
export const packPrice = (wished: Msat, routes: number, granularity: Msat): PackPrice => {
  const count = BigInt(routes)
  const least = wished > LEAST_INVOICE ? wished : LEAST_INVOICE
  // A route that costs a multiple of this makes a pack that is a multiple of the granularity.
  const step = granularity / gcd(granularity, count)
  const exact = (least + count - 1n) / count
  const route = msat(((exact + step - 1n) / step) * step)
  return { pack: msat(route * count), routes, route }
}

/**
 * How many routes are left of what a key has paid, jobs that are open not counted as used. The tab of a router
 * is counted in msat like that of a node, so that a new price takes nothing away.
 */
export const routesLeft = (tabs: Tabs, key: PubKey, { route }: PackPrice): number => {
  const tab = tabs.tabs.get(key)
  return tab ? Number((tab.paid - tab.used) / route) : 0
}

/** A job was served: one route is used up. Nobody owes a router: what is not there is not taken. */
export const useRoute = (
  tabs: Tabs,
  key: PubKey,
  { route }: PackPrice,
  now: UnixMs,
): TabChange[] => {
  const tab = tabs.tabs.get(key)
  if (!tab || tab.paid - tab.used < route) return []
  const row = { ...tab, used: msat(tab.used + route), at: now }
  tabs.tabs.set(key, row)
  return [{ do: 'put', table: 'tabs', row }]
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
