import type { SignedStatement } from '../../engine/metering/tab-rows.ts'
import { payerOf } from '../../engine/roles/client/purse-rules.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { LOST_JOB, type TabView, leftOn } from '../../engine/spending/ledger.ts'
import type { MoneyReads } from '../../engine/storage/money-store.ts'

type Reads = Pick<MoneyReads, 'payments' | 'charges' | 'statements'>

/**
 * What stands as left on a tab and is spent: a job that was paid for the whole (`hold`), whose receipt was lost with the
 * process that waited for it. The node's statement brings it, with the next job there. What the invoice was over the price
 * is left then, and the receipt may never say of which job it is: so whatever the node counts as paid in a statement is
 * settled, since it charges such a job in the moment in which it credits what was paid for it.
 * @returns msat by place (`placeOf`), of tabs that have such
 */
export const unsettledOn = (
  money: Reads,
  views: readonly TabView[],
): ReadonlyMap<string, bigint> => {
  const tabs = new Map(
    views
      .filter((it) => !it.session && leftOn(it) > 0n)
      .map((view) => [placeOf(view), { view, payments: [] as Entry[] }]),
  )
  if (tabs.size === 0) return new Map()
  for (const it of money.payments(NEWEST)) {
    if (it.state !== 'settled' || it.payee === null) continue
    const ref = payerOf(it)
    if (ref !== null) tabs.get(placeOf({ payee: it.payee, ref }))?.payments.push(it)
  }
  const sums = [...tabs].map(
    ([place, { view, payments }]) => [place, unsettledAt(money, view, payments)] as const,
  )
  return new Map(sums.filter(([, sum]) => sum > 0n))
}

export const placeOf = ({ payee, ref }: Pick<TabView, 'payee' | 'ref'>): string => `${payee} ${ref}`

const unsettledAt = (money: Reads, view: TabView, payments: readonly Entry[]): bigint => {
  const last = lastOf(money, view)
  const paid = new Map(
    after(view, payments, last)
      .filter(({ purpose }) => purpose === 'job')
      .map((it) => [it.ref, it.msat]),
  )
  if (paid.size === 0) return 0n
  let sum = [...paid.values()].reduce((all, it) => all + it, 0n)
  // A receipt that was lost and that a statement brought has no job any more.
  for (const { job, cost, at, receipt } of money.charges(view.payee, view.ref, NEWEST))
    if (job !== LOST_JOB) sum -= paid.get(job) ?? 0n
    else if (!last || (at > last.at && receipt !== last.receipt)) sum -= cost
  const left = leftOn(view)
  return sum < left ? sum : left
}

/** The newest statement up to which all are counted; those about nothing are not kept. */
const lastOf = (money: Reads, { payee, ref, n }: TabView): SignedStatement | undefined =>
  money
    .statements(payee, ref, Math.max(1, n - LOOKED_BACK + 1), LOOKED_BACK)
    .filter((it) => it.n <= n)
    .at(-1)

/** The newest payments, which the node had not counted when it signed that. */
const after = (
  view: TabView,
  payments: readonly Entry[],
  last: SignedStatement | undefined,
): Entry[] => {
  let uncounted = view.paid - (last?.paid ?? 0n)
  const found: Entry[] = []
  for (const it of payments.toSorted((a, b) => endOf(b) - endOf(a))) {
    if (uncounted <= 0n) break
    uncounted -= it.msat
    found.push(it)
  }
  return found
}

const endOf = ({ doneAt, at }: Entry): number => doneAt ?? at

/** Payments and charges that are looked through. */
const NEWEST = 10_000
const LOOKED_BACK = 64
