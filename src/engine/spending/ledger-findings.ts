import { type Msat, showMsat } from '../base/money.ts'
import { type Finding, finding, short } from '../metering/finding.ts'
import type { SignedStatement } from '../metering/tab-rows.ts'
import { type Charge, type TabView, contradict } from './ledger.ts'

/** What can be said of a statement by our own books, one by one (ledger-check.ts). */

export const unknownReceipt = ({ n, receipt }: SignedStatement): Finding =>
  finding(
    'statement.receipt',
    false,
    '',
    `statement ${n} is about receipt ${short(receipt)}, which is not here`,
  )

/** By its node's own count there is no room for one that was lost: another job of ours is charged by it, or nothing is. */
export const countedCheck = (
  { n, receipt, cost }: SignedStatement,
  view: TabView,
  most: Msat,
): Finding =>
  finding(
    'statement.counted',
    false,
    '',
    `statement ${n} charges ${cost} msat for receipt ${short(receipt)}, which is not here; ${view.used} msat are used by the receipts that are, ${most} msat by the node's count, so it is not counted`,
  )

export const answerCheck = (
  said: SignedStatement,
  view: TabView,
  answers: Charge | null,
): Finding =>
  finding(
    'statement.answer',
    answers === null || said.receipt === answers.receipt,
    `statement ${said.n} is about the receipt of its job`,
    `statement ${said.n} charges ${said.cost} msat for receipt ${short(said.receipt)} in place of ${short(answers?.receipt ?? '')}, the one of the job that it came with; ${said.used} msat used by it, ${view.used} by the receipts that are here`,
  )

export const twiceCheck = (said: SignedStatement, { stated: n, receipt }: Charge): Finding =>
  finding(
    'statement.twice',
    n === null || n === said.n,
    `the only one that charges receipt ${short(receipt)}`,
    `statements ${n} and ${said.n} both charge receipt ${short(receipt)}; ${said.used} msat used by the second`,
  )

export const onceCheck = (said: SignedStatement, near: readonly SignedStatement[]): Finding => {
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
export const neighbourCheck = (said: SignedStatement, other: SignedStatement): Finding[] => {
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

export const costCheck = (said: SignedStatement, { cost }: Pick<Charge, 'cost'>): Finding =>
  finding(
    'statement.cost',
    said.cost === cost && said.used >= said.cost && (said.n > 1 || said.used === said.cost),
    `it charges the ${cost} msat of receipt ${short(said.receipt)}`,
    `it charges ${said.cost} msat (${said.used} in all) where receipt ${short(said.receipt)} says ${cost} msat`,
  )

export const usedCheck = (said: SignedStatement, view: TabView): Finding =>
  finding(
    'statement.used',
    said.used <= view.used,
    `${showMsat(said.used)} used, as by our receipts`,
    `${said.used} msat used by the node's count, ${view.used} by the receipts that are here`,
  )

export const paidCheck = (said: SignedStatement, view: TabView, out: bigint): Finding => {
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
export const reservedCheck = ({ n, paid, used, reserved }: SignedStatement): Finding =>
  finding(
    'statement.reserved',
    reserved === 0n || used + reserved <= paid + paid / LENT,
    `${showMsat(reserved)} held for jobs`,
    `statement ${n} says ${used} msat used and ${reserved} msat held for jobs, of ${paid} msat paid`,
  )

/** What does not hold and breaks the tab, whatever our own books lack. */
export const isLie = ({ check, ok }: Finding): boolean => !ok && LIES.has(check)

const LIES: ReadonlySet<string> = new Set([
  'statement.once',
  'statement.chain',
  'statement.cost',
  'statement.answer',
  'statement.twice',
])

/** A node lends a tenth of what was paid there. */
const LENT = 10n

/** A payee's wallet has told it of a payment by then. */
export const CREDITED_MS = 60_000
