import type { UnixMs } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import { type Msat, msat } from '../base/money.ts'
import type { PubKey } from '../protocol/ids.ts'
import { LEAST_INVOICE } from '../protocol/terms.ts'
import type { TabChange } from './tab-rows.ts'
import type { Tabs } from './tab.ts'

/** What a router asks for: a pack, how many jobs it is good for, and so what one of them costs. */
export type PackPrice = Readonly<{ pack: Msat; routes: number; route: Msat }>

/**
 * The price of a pack: exactly what its operator says, or none. All its routes cost the same, in whole msat; its wallet
 * can ask for it; and Lightning carries it.
 * @param wished what the operator wants for a pack, msat, more than 0
 * @returns the price; or the Fault `config` `fee.sum`, which names the nearest sums that can be
 */
export const packPrice = (wished: Msat, routes: number, granularity: Msat): PackPrice | Fault => {
  const count = BigInt(routes)
  const unit = (granularity / gcd(granularity, count)) * count
  if (wished >= LEAST_INVOICE && wished % unit === 0n)
    return { pack: wished, routes, route: msat(wished / count) }
  const least = upTo(LEAST_INVOICE, unit)
  const above = wished < least ? least : upTo(wished, unit)
  const below = above - unit
  const sums = below < least ? [above] : [below, above]
  return new Fault(
    'config',
    'fee.sum',
    `a pack of ${count.toLocaleString('en-US')} routes cannot cost ${typed(wished)}: ${whyNot(wished, granularity)}`,
    {
      hint: `write ${sums.map((it) => `--fee ${typed(it)}`).join(' or ')}, or change --fee-routes`,
    },
  )
}

const whyNot = (wished: Msat, granularity: Msat): string => {
  if (wished < LEAST_INVOICE) return 'Lightning carries nothing under 1 sat'
  if (wished % granularity !== 0n) return `the wallet counts in units of ${typed(granularity)}`
  return 'each route costs the same, in whole msat'
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

const upTo = (sum: bigint, unit: bigint): bigint => ((sum + unit - 1n) / unit) * unit

/** As it can be typed back. */
const typed = (sum: bigint): string => (sum % 1_000n === 0n ? `${sum / 1_000n}sat` : `${sum}msat`)

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
