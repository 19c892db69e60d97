import { payerOf } from '../../engine/roles/client/purse-rules.ts'
import { LOST_JOB, type TabView, leftOn } from '../../engine/spending/ledger.ts'
import type { MoneyReads } from '../../engine/storage/money-store.ts'

type Reads = Pick<MoneyReads, 'payments' | 'charges'>

/**
 * What stands as left on a tab and is spent: a job that was paid for the whole (`hold`), whose receipt was lost with the
 * process that waited for it. The node's statement brings it, with the next job there.
 * @returns msat by place (`placeOf`), of tabs that have such
 */
export const unsettledOn = (
  money: Reads,
  views: readonly TabView[],
): ReadonlyMap<string, bigint> => {
  const tabs = new Map(
    views
      .filter((it) => !it.session && leftOn(it) > 0n)
      .map((view) => [placeOf(view), { view, paid: new Map<string, bigint>() }]),
  )
  if (tabs.size === 0) return new Map()
  for (const it of money.payments(NEWEST)) {
    if (it.purpose !== 'job' || it.state !== 'settled' || it.payee === null) continue
    const ref = payerOf(it)
    if (ref !== null) tabs.get(placeOf({ payee: it.payee, ref }))?.paid.set(it.ref, it.msat)
  }
  const sums = [...tabs].map(([place, { view, paid }]) => {
    if (paid.size === 0) return [place, 0n] as const
    let sum = [...paid.values()].reduce((all, it) => all + it, 0n)
    // A receipt that was lost and that a statement brought has no job any more.
    for (const { job, cost } of money.charges(view.payee, view.ref, NEWEST))
      sum -= job === LOST_JOB ? cost : (paid.get(job) ?? 0n)
    const left = leftOn(view)
    return [place, sum < left ? sum : left] as const
  })
  return new Map(sums.filter(([, sum]) => sum > 0n))
}

export const placeOf = ({ payee, ref }: Pick<TabView, 'payee' | 'ref'>): string => `${payee} ${ref}`

/** Payments and charges that are looked through. */
const NEWEST = 10_000
