import type { SignedStatement } from '../../engine/metering/tab-rows.ts'
import type { TabView } from '../../engine/spending/ledger.ts'
import type { MoneyReads } from '../../engine/storage/money-store.ts'

/** What `fedai pay tabs --statements` prints of a tab. */

/** The newest statements of a tab, as their exact texts, the oldest first. */
export const signedOf = (ledger: MoneyReads, { payee, ref, n }: TabView): SignedStatement[] =>
  ledger.statements(payee, ref, Math.max(1, n - MOST_STATEMENTS + 1), MOST_STATEMENTS)

/**
 * A statement that came with a job and names another receipt, as a bundle with the one of that job: by itself nobody
 * could see that it is a lie.
 */
export const bundlesOf = (
  ledger: MoneyReads,
  view: TabView,
  signed: readonly SignedStatement[],
): string[] => {
  if (!view.broken) return []
  const charges = ledger.charges(view.payee, view.ref, MOST_STATEMENTS)
  return signed.flatMap(({ n, receipt, text }) =>
    charges
      .filter((it) => it.stated === n && it.receipt !== receipt)
      .flatMap((it) => ledger.receiptText(it.job, it.receipt) ?? [])
      .map((of) => `{"receipt":${of},"statement":${text}}`),
  )
}

const MOST_STATEMENTS = 1_000
