import type { UnixMs } from '../../base/clock.ts'
import type { Finding } from '../../metering/finding.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import { type Journal, outTo } from '../../spending/journal.ts'
import { checkStatement } from '../../spending/ledger-check.ts'
import type { MoneyChange, MoneyStore } from '../../storage/money-store.ts'
import type { Kept } from '../../storage/store.ts'
import type { Purse } from './purse-seam.ts'
import type { openViews } from './purse-views.ts'

/** A statement, and what it is held against. */
type Held = Readonly<{
  store: MoneyStore
  tab: Purse['tab']
  views: ReturnType<typeof openViews>
  said: SignedStatement
  alone: boolean
  answers: Kept | null
  now: UnixMs
}>

/**
 * Holds a statement against our books (spending/ledger-check.ts). Another process of ours may have paid or used there
 * since this one read: nobody is called wrong before all is read anew.
 * @param read reads the journal and the views anew
 * @returns what is to be written, and what does not hold
 */
export const checkIn = (
  { store, tab, views, said, alone, answers, now }: Held,
  journal: () => Journal,
  read: (unsure: Journal['unsure']) => void,
): Readonly<{ changes: readonly MoneyChange[]; wrong: readonly Finding[] }> => {
  const { node, key } = said
  const hold = () => {
    const near = store.statements(node, key, Math.max(1, said.n - 1), 8)
    const top = store.newestStatement(node, key)?.used ?? 0n
    const out = outTo(journal(), node)
    const of = answers && store.charge(answers.id)
    const known = { charge: store.charge(said.receipt), near, top, out, alone, answers: of }
    return checkStatement(views.of(node, key), said, known, now)
  }
  let checked = hold()
  if (wrongIn(checked.findings).some(({ check }) => check !== 'statement.receipt')) {
    read(journal().unsure)
    checked = hold()
  }
  const isOther = key !== tab(node).pubkey
  const pinned = isOther && checked.view.broken ? views.pinned(node) : []
  const wrong = wrongIn(checked.findings)
  // Without it nobody else could see the lie (commands/pay/tabs.ts).
  const isShown = checked.changes.length > 0 && wrong.some((it) => it.check === 'statement.answer')
  const kept = isShown && answers ? [{ do: 'put', table: 'kept', row: answers } as const] : []
  return { changes: [...checked.changes, ...pinned, ...kept], wrong }
}

const wrongIn = (findings: readonly Finding[]): Finding[] => findings.filter((it) => !it.ok)
