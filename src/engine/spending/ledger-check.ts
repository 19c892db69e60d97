import type { UnixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { Finding } from '../metering/finding.ts'
import type { SignedStatement } from '../metering/tab-rows.ts'
import { type Charge, LOST_JOB, type TabView, type ViewChange } from './ledger.ts'
import {
  answerCheck,
  costCheck,
  countedCheck,
  neighbourCheck,
  onceCheck,
  paidCheck,
  reservedCheck,
  twiceCheck,
  unknownReceipt,
  usedCheck,
} from './ledger-findings.ts'

/** What we have ourselves, to hold a statement against. */
export type Known = Readonly<{
  /** Ours for the receipt that it names; null where we know of none. */
  charge: Charge | null
  /** Statements that were kept, with the numbers next to its own. */
  near: readonly SignedStatement[]
  /** Payments to this tab whose end we do not know, msat. */
  out: bigint
  /** Used by the newest statement that was kept, msat. */
  top?: bigint
  /** No receipt of this node's is awaited: one that we lack was lost, with a process of ours or on its way. */
  alone?: boolean
  /** Ours for the receipt of the job that it came with, which it has to name; null where it came by itself. */
  answers?: Charge | null
}>

export type StatementCheck = Readonly<{
  findings: readonly Finding[]
  view: TabView
  /** Empty where it is not kept: one about a receipt that we do not have yet, or one that we have. */
  changes: readonly ViewChange[]
}>

/**
 * Holds a statement, which the node signed, against our own sums and against what it signed before. What
 * the node can be shown to lie about breaks the tab; both statements are kept as evidence. One that counts
 * what we do not know of asks for a `sync`, or for `fedai pay resolve`.
 */
export const checkStatement = (
  view: TabView,
  said: SignedStatement,
  known: Known,
  now: UnixMs,
): StatementCheck => {
  const { charge, near } = known
  const other = answerCheck(said, view, known.answers ?? null)
  if (!other.ok) return misnamed(view, said, known, other, now)
  // A node of ours may have put it into the same ledger: then it is new to the view all the same.
  if (said.n <= view.n && near.some((it) => it.id === said.id))
    return { findings: [], view, changes: [] }
  // Without this bound a node could fill the disk with statements.
  if (!charge) return unknown(view, said, known, now)
  const lies = [
    onceCheck(said, near),
    ...near.flatMap((it) => neighbourCheck(said, it)),
    costCheck(said, charge),
    twiceCheck(said, charge),
  ]
  const findings = [
    ...lies,
    usedCheck(said, view),
    paidCheck(said, view, known.out),
    reservedCheck(said),
  ]
  if (view.broken) return { findings, view, changes: [] }
  const broken = lies.some((it) => !it.ok)
  const row: TabView = { ...view, n: lastInRow(view, said, near), broken, at: now }
  return {
    findings,
    view: row,
    changes: [
      { do: 'put', table: 'views', row },
      { do: 'put', table: 'statements', row: said },
      ...(broken || charge.stated !== null ? [] : [stated(charge, said)]),
    ],
  }
}

const stated = (charge: Charge, { n }: SignedStatement): ViewChange => ({
  do: 'put',
  table: 'charges',
  row: { ...charge, stated: n },
})

/**
 * It came with a job of ours, under a key that only its node has, and charges something else in place of that job. Were
 * the receipt that it names taken for one that was lost, the job would be counted twice: what was is taken back.
 */
const misnamed = (
  view: TabView,
  said: SignedStatement,
  { charge, answers }: Known,
  lie: Finding,
  now: UnixMs,
): StatementCheck => {
  const lost = charge?.job === LOST_JOB ? charge : null
  if (view.broken && !lost) return { findings: [lie], view, changes: [] }
  const used = lost ? msat(view.used - lost.cost) : view.used
  const row: TabView = { ...view, used, broken: true, at: now }
  return {
    findings: [lie],
    view: row,
    changes: [
      { do: 'put', table: 'views', row },
      ...(view.broken ? [] : [{ do: 'put', table: 'statements', row: said } as const]),
      // Both together show it (`pay tabs --statements`).
      ...(view.broken || !answers ? [] : [stated(answers, said)]),
      ...(lost ? [{ do: 'drop', table: 'charges', row: lost } as const] : []),
    ],
  }
}

/** It is about a receipt that is not here. */
const unknown = (
  view: TabView,
  said: SignedStatement,
  { near, top = 0n, alone }: Known,
  now: UnixMs,
): StatementCheck => {
  const findings = [unknownReceipt(said)]
  if (!alone || view.broken) return { findings, view, changes: [] }
  // What our own receipts make already is not used once more.
  const most = msat(said.used > top ? said.used : top)
  if (said.cost > 0n && view.used + said.cost > most)
    return { findings: [...findings, countedCheck(said, view, most)], view, changes: [] }
  return { findings, view, changes: believe(view, said, near, now) }
}

/**
 * A receipt was lost that the node charges: we count what its statement charges, within what we paid. It could have
 * kept that in any case; what we did not count would stand in the way of what we may pay (caps.ts). Receipts that
 * are later may be counted already: so what is used by the newest statement bounds the sum, not what was up to this one.
 */
const believe = (
  view: TabView,
  said: SignedStatement,
  near: readonly SignedStatement[],
  now: UnixMs,
): ViewChange[] => {
  const lies = [
    onceCheck(said, near),
    ...near.flatMap((it) => neighbourCheck(said, it)),
    costCheck(said, said),
  ]
  const used = view.used + said.cost
  if (used > view.paid || lies.some((it) => !it.ok)) return []
  const { payee, ref } = view
  const row: TabView = { ...view, used: msat(used), n: lastInRow(view, said, near), at: now }
  const { receipt, cost } = said
  // What we paid sets no bound to those that charge nothing: their number is passed, and they are not kept.
  if (cost === 0n) return row.n === view.n ? [] : [{ do: 'put', table: 'views', row }]
  // Should the receipt come after all, or its statement again, it is counted already.
  const of = { receipt, payee, ref, job: LOST_JOB, cost, disputed: false }
  const charge: Charge = { ...of, stated: said.n, at: now }
  return [
    { do: 'put', table: 'views', row },
    { do: 'add', table: 'charges', row: charge },
    { do: 'put', table: 'statements', row: said },
  ]
}

/** The number up to which all are here: those after it are asked for again, since one of them may be missing. */
const lastInRow = (
  { n }: TabView,
  said: SignedStatement,
  near: readonly SignedStatement[],
): number => {
  const here = new Set([said, ...near].map((it) => it.n))
  let last = n
  while (here.has(last + 1)) last++
  return last
}
