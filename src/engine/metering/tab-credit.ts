import type { UnixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import { type Tab, owed } from './tab-rows.ts'

/** How far a node trusts, msat. Zeros: everybody pays first. */
export type CreditPolicy = Readonly<{
  /** For one key at most. */
  each: Msat
  /** For all keys together. */
  all: Msat
}>

/**
 * How much a key may use before it pays: a tenth of what it bought and paid, halved for every 30 days that
 * it was not heard, within the policy. A new key has none, since keys are free; so had a crowd of them, and
 * whoever paid in order to run away gains a tenth of what it paid, once.
 * @param others what all other tabs may have unpaid (`creditOut`), msat
 */
export const creditFor = (
  tab: Tab | undefined,
  policy: CreditPolicy,
  others: bigint,
  now: UnixMs,
): Msat => {
  if (!tab || tab.defaulted) return msat(0n)
  const bought = tab.used < tab.paid ? tab.used : tab.paid
  const idle = Math.max(0, Math.floor((now - tab.at) / HALVED_MS))
  const earned = (bought / 10n) >> BigInt(idle)
  const room = policy.all > others ? policy.all - others : 0n
  return msat([earned, policy.each, room].reduce((a, b) => (b < a ? b : a)))
}

/** What tabs other than this key's may have used without paying: what they owe, and what they were granted. */
export const creditOut = (tabs: Iterable<Tab>, but: string): bigint => {
  let sum = 0n
  for (const tab of tabs)
    if (tab.key !== but) sum += tab.credit > owed(tab) ? tab.credit : owed(tab)
  return sum
}

const HALVED_MS = 30 * 86_400_000
