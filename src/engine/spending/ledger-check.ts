import type { UnixMs } from '../base/clock.ts'
import { msat, showMsat } from '../base/money.ts'
import { type Finding, finding, short } from '../metering/finding.ts'
import type { SignedStatement } from '../metering/tab-rows.ts'
import { type Charge, LOST_JOB, type TabView, type ViewChange, contradict } from './ledger.ts'

/** What we have ourselves, to hold a statement against. */
export type Known = Readonly<{
  /** Ours for the receipt that it names; null where we know of none. */
  charge: Charge | null
  /** Statements that were kept, with the numbers next to its own. */
  near: readonly SignedStatement[]
  /** Payments to this tab whose end we do not know, msat. */
  out: bigint
  /** No receipt of this node's is awaited: one that we lack was lost, with a process of ours or on its way. */
  alone?: boolean
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
  // A node of ours may have put it into the same ledger: then it is new to the view all the same.
  if (said.n <= view.n && near.some((it) => it.id === said.id))
    return { findings: [], view, changes: [] }
  // Without this bound a node could fill the disk with statements.
  if (!charge) {
    const changes = known.alone ? believe(view, said, near, now) : []
    return { findings: [unknownReceipt(said)], view, changes }
  }
  const lies = [
    onceCheck(said, near),
    ...near.flatMap((it) => neighbourCheck(said, it)),
    costCheck(said, charge),
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
    ],
  }
}

/**
 * A receipt was lost that the node charges: we count what its statement charges, within what we paid. It could have
 * kept that in any case; what we did not count would stand in the way of what we may pay (caps.ts). Receipts that
 * are later may be counted already, so what was used up to this one says nothing of what is missing.
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
  if (view.broken || used > view.paid || lies.some((it) => !it.ok)) return []
  const { payee, ref } = view
  const row: TabView = { ...view, used: msat(used), n: lastInRow(view, said, near), at: now }
  const { receipt, cost } = said
  // What we paid sets no bound to those that charge nothing: their number is passed, and they are not kept.
  if (cost === 0n) return row.n === view.n ? [] : [{ do: 'put', table: 'views', row }]
  // Should the receipt come after all, or its statement again, it is counted already.
  const charge: Charge = { receipt, payee, ref, job: LOST_JOB, cost, disputed: false, at: now }
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

const unknownReceipt = ({ n, receipt }: SignedStatement): Finding =>
  finding(
    'statement.receipt',
    false,
    '',
    `statement ${n} is about receipt ${short(receipt)}, which is not here`,
  )

const onceCheck = (said: SignedStatement, near: readonly SignedStatement[]): Finding => {
  const other = near.find((it) => contradict(it, said))
  return finding(
    'statement.once',
    !other,
    `the only statement ${said.n} of this tab`,
    other
      ? `statements ${short(other.id)} and ${short(said.id)} of the node both have number ${said.n}`
      : '',
  )
}

/** Each statement adds the cost of its receipt to the one before; what was paid never grows less. */
const neighbourCheck = (said: SignedStatement, other: SignedStatement): Finding[] => {
  if (Math.abs(other.n - said.n) !== 1) return []
  const [first, next] = other.n < said.n ? [other, said] : [said, other]
  const ok = next.used === first.used + next.cost && next.paid >= first.paid
  const both = `statement ${next.n} (paid ${next.paid}, used ${next.used}, cost ${next.cost} msat)`
  return [
    finding(
      'statement.chain',
      ok,
      `statement ${next.n} follows from ${first.n}`,
      `${both} does not follow from ${first.n} (paid ${first.paid}, used ${first.used} msat)`,
    ),
  ]
}

const costCheck = (said: SignedStatement, { cost }: Pick<Charge, 'cost'>): Finding =>
  finding(
    'statement.cost',
    said.cost === cost && said.used >= said.cost && (said.n > 1 || said.used === said.cost),
    `it charges the ${cost} msat of receipt ${short(said.receipt)}`,
    `it charges ${said.cost} msat (${said.used} in all) where receipt ${short(said.receipt)} says ${cost} msat`,
  )

const usedCheck = (said: SignedStatement, view: TabView): Finding =>
  finding(
    'statement.used',
    said.used <= view.used,
    `${showMsat(said.used)} used, as by our receipts`,
    `${said.used} msat used by the node's count, ${view.used} by the receipts that are here`,
  )

const paidCheck = (said: SignedStatement, view: TabView, out: bigint): Finding => {
  const late = view.paidAt !== null && said.at > view.paidAt + CREDITED_MS
  const less = said.paid < view.paid && late
  const more = said.paid > view.paid + out
  return finding(
    'statement.paid',
    !less && !more,
    `${showMsat(said.paid)} paid, as by our wallet`,
    `${said.paid} msat paid by the node's count, ${view.paid} by our wallet's`,
  )
}

/** No node reserves for jobs what it neither has nor may lend. */
const reservedCheck = ({ n, paid, used, reserved }: SignedStatement): Finding =>
  finding(
    'statement.reserved',
    reserved === 0n || used + reserved <= paid + paid / LENT,
    `${showMsat(reserved)} held for jobs`,
    `statement ${n} says ${used} msat used and ${reserved} msat held for jobs, of ${paid} msat paid`,
  )

/** What does not hold and breaks the tab, whatever our own books lack. */
export const isLie = ({ check, ok }: Finding): boolean => !ok && LIES.has(check)

const LIES: ReadonlySet<string> = new Set(['statement.once', 'statement.chain', 'statement.cost'])

/** A node lends a tenth of what was paid there. */
const LENT = 10n

/** A payee's wallet has told it by then. */
const CREDITED_MS = 60_000
