import { expect } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { Finding } from '../metering/finding.ts'
import type { SignedStatement } from '../metering/tab-rows.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import { checkStatement } from './ledger-check.ts'
import { type Charge, type ViewChange, charged, openView, paidInto } from './ledger.ts'

const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
const now = unixMs(1_700_000_000_000)
const [NODE, KEY] = [hex<PubKey>(1), hex<PubKey>(2)]
export const receiptOf = (n: number) => hex<EventId>(1_000 + n)

/**
 * A client's books, as the purse keeps them, at a node that signed a statement for each of these costs.
 * @param names what the n-th statement names; left out: its own receipt
 */
export const books = (
  costs: readonly number[],
  paid: bigint,
  names: (n: number) => EventId = receiptOf,
) => {
  let view = paidInto(openView(NODE, KEY, now), { ref: KEY, msat: msat(paid), seq: 1 }, now)
  const charges = new Map<EventId, Charge>()
  const held: SignedStatement[] = []
  let uncertain: number[] = []
  const write = (changes: readonly ViewChange[]): void => {
    for (const it of changes)
      if (it.table === 'views') view = it.row
      else if (it.table === 'statements') held.push(it.row)
      else if (it.do === 'drop') charges.delete(it.row.receipt)
      else {
        // As the ledger does: a receipt is counted once.
        if (it.do === 'add') expect(charges.has(it.row.receipt)).toBe(false)
        charges.set(it.row.receipt, it.row)
      }
  }
  const usedAt = (n: number) => costs.slice(0, n).reduce((sum, it) => sum + BigInt(it), 0n)
  const statement = (n: number): SignedStatement => ({
    id: hex<EventId>(2_000 + n),
    node: NODE,
    key: KEY,
    n,
    paid: msat(paid),
    used: msat(usedAt(n)),
    reserved: msat(0n),
    receipt: names(n),
    cost: msat(BigInt(costs[n - 1]!)),
    text: '',
    at: now,
  })
  const hear = (n: number, alone: boolean, answers: EventId | null): Finding[] => {
    const said = statement(n)
    const near = held
      .filter((it) => it.n >= n - 1)
      .sort((a, b) => a.n - b.n)
      .slice(0, 8)
    const newest = held.toSorted((a, b) => b.n - a.n)[0]
    const top = newest?.used ?? 0n
    const charge = charges.get(said.receipt) ?? null
    const of = answers && (charges.get(answers) ?? null)
    const known = { charge, near, top, out: 0n, alone, answers: of }
    const { changes, findings } = checkStatement(view, said, known, now)
    write(changes)
    return findings.filter((it) => !it.ok)
  }
  /** As the client does (roles/client/tabs.ts): what cannot be counted yet is tried again after each that is. */
  const hears = (n: number, alone: boolean, answers: EventId | null = null): Finding[] => {
    const wrong = hear(n, alone, answers)
    if (wrong.some((it) => it.check === 'statement.counted')) uncertain.push(n)
    else {
      const again = new Set(uncertain)
      uncertain = []
      for (const it of [...again].sort((a, b) => a - b)) hears(it, alone)
    }
    return wrong
  }
  return {
    view: () => view,
    kept: () => ({ statements: held.length, charges: charges.size }),
    total: usedAt(costs.length),
    usedAt,
    counts: (n: number) => {
      const id = receiptOf(n)
      const cost = msat(BigInt(costs[n - 1]!))
      const of = { id, job: hex<JobId>(n), cost, ceiling: cost, disputed: false }
      write(charges.has(id) ? [] : charged(view, of, now).changes)
    },
    hears,
    /** What a process forgets with its end. */
    restarts: () => void (uncertain = []),
    /** What a node answers that is asked what it signed, as long as that helps; what does not hold when all is here. */
    syncs: (): Finding[] => {
      const wrong: Finding[] = []
      for (let since = -1; since < view.n;) {
        since = view.n
        for (let n = since + 1; n <= costs.length; n++) wrong.push(...hears(n, true).filter(isSaid))
      }
      return [...wrong, ...uncertain.flatMap((n) => hear(n, true, null))].filter(
        (it) => it.check !== 'statement.receipt',
      )
    },
  }
}

/** The other is said when nothing more can explain it. */
const isSaid = ({ check }: Finding): boolean => check !== 'statement.counted'
