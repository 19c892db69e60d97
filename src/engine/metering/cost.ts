import { MOST_AMOUNT, type Msat, msat } from '../base/money.ts'
import type { Rates, Unit, Units } from '../protocol/fields.ts'

/** Rates are msat for this many of a unit. */
const PER = 1_000_000n

/** What a row of a price sheet says about money. */
export type Price = Readonly<{ rates: Rates; minimum: Msat; cold_surcharge: Msat }>

/**
 * The most that a job can cost at a row of a sheet: the formula of docs/protocol.md at the
 * job's `max`, with success. `max.in_token` bounds fresh and cached input together, so it is
 * counted once, at the dearer of the two rates: no usage within `max` costs more.
 * @param max most of each unit (bounds.ts)
 * @param cold whether the model may have to be loaded first
 * @returns msat; saturates at the largest amount that can be said: what costs more is done for that
 */
export const ceilingOf = (price: Price, max: Units, cold: boolean): Msat => {
  const { in_token = msat(0n), cached_token = msat(0n) } = price.rates
  const dearer = in_token > cached_token ? in_token : cached_token
  return costOf({
    rates: { ...price.rates, in_token: dearer },
    usage: { ...max, cached_token: 0 },
    minimum: price.minimum,
    surcharge: cold ? price.cold_surcharge : msat(0n),
    ceiling: MOST_AMOUNT,
    succeeded: true,
  })
}

/**
 * What a job costs (docs/protocol.md, rates):
 * `min(ceiling, max(minimum, ⌈Σ rate·units / 10⁶⌉ + surcharge))`, rounded up once. Minimum and
 * surcharge are owed only by a job that succeeded, that is whose receipt says `ok`.
 * Units without a rate are free.
 * @returns msat, never above `ceiling`
 */
export const costOf = (of: {
  rates: Rates
  usage: Units
  minimum: Msat
  surcharge: Msat
  ceiling: Msat
  succeeded: boolean
}): Msat => {
  const used = usedOf(of.rates, of.usage)
  if (!of.succeeded) return least(of.ceiling, used)
  const whole = used + of.surcharge
  return least(of.ceiling, whole > of.minimum ? whole : of.minimum)
}

/** ⌈Σ rate·units / 10⁶⌉ in msat. */
const usedOf = (rates: Rates, usage: Units): bigint => {
  let sum = 0n
  for (const [unit, rate] of Object.entries(rates) as [Unit, Msat][])
    sum += rate * BigInt(usage[unit] ?? 0)
  return (sum + PER - 1n) / PER
}

const least = (ceiling: Msat, amount: bigint): Msat => (amount < ceiling ? msat(amount) : ceiling)
