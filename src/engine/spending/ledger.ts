import type { UnixMs } from '../base/clock.ts'
import { MAX_MSAT, type Msat, msat } from '../base/money.ts'
import type { Change, SignedStatement, Statement } from '../metering/tab-rows.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'

/**
 * Our own view of a tab: what we paid, and what the receipts that we answered cost. It is a row of the ledger;
 * what the node says of the tab is held against it (ledger-check.ts). Amounts in msat.
 */
export type TabView = Readonly<{
  payee: PubKey
  /** The tab key; the session key where the tab is off. */
  ref: PubKey
  /** What our wallet says that settled, without fees. */
  paid: Msat
  /**
   * Cost of the receipts that we acknowledged, each up to the ceiling of its job; the disputed ones as well, since the
   * node keeps what it has: a dispute moves no money. What of it is owed is never paid (`owedOn`).
   */
  used: Msat
  /** What we disputed of `used` and had not paid ahead; never more than is owed (`owedOn`). */
  disputed: Msat
  /** Highest seq of an invoice that we paid; 0 before the first. */
  seq: number
  /** When the last payment settled. */
  paidAt: UnixMs | null
  /** Number of the last statement up to which all are here; 0 before the first. */
  n: number
  /**
   * The node signed two statements that contradict each other, or one that we refute, or a receipt over the ceiling of
   * its job: it gets nothing more.
   */
  broken: boolean
  /** When the node said last that it knows nothing of it; null once it has charged a job there again. */
  lostAt: UnixMs | null
  /** Its key is that of one session, and forgotten with it: what is left there then is nobody's. */
  session: boolean
  at: UnixMs
}>

/** A receipt that was counted, so that none is counted twice. */
export type Charge = Readonly<{
  receipt: EventId
  payee: PubKey
  ref: PubKey
  job: JobId
  /** As the receipt says, also where that is over the ceiling. */
  cost: Msat
  disputed: boolean
  /** Number of the statement that charges it; null until that is here. */
  stated: number | null
  at: UnixMs
}>

/** The job of a receipt that was lost: only its statement came, which names none. */
export const LOST_JOB = '0'.repeat(64) as JobId

export type ViewChange =
  Change<'views', TabView> | Change<'charges', Charge> | Change<'statements', SignedStatement>

export const openView = (payee: PubKey, ref: PubKey, now: UnixMs, session = false): TabView => ({
  payee,
  ref,
  paid: ZERO,
  used: ZERO,
  disputed: ZERO,
  seq: 0,
  paidAt: null,
  n: 0,
  broken: false,
  lostAt: null,
  session,
  at: now,
})

const ZERO = msat(0n)

/** The views of sessions that are worth no room any more: of the last day all are kept, and what is broken. */
export const forgotten = (views: Iterable<TabView>, now: UnixMs): ViewChange[] =>
  [...views]
    .filter(({ session, broken }) => session && !broken)
    .toSorted((a, b) => b.at - a.at)
    .slice(MOST_SESSIONS)
    .filter(({ at }) => now - at > SESSION_MS)
    .map((row) => ({ do: 'drop', table: 'views', row }))

/** No session is silent for so long, and then pays on. */
const SESSION_MS = 86_400_000
export const MOST_SESSIONS = 1_000

/** A payment for the tab has settled. Written with its journal entry, which settles once. */
export const paidInto = (
  view: TabView,
  payment: Readonly<{ ref: string; msat: Msat; seq: number }>,
  now: UnixMs,
): TabView => ({
  ...view,
  paid: msat(view.paid + payment.msat),
  disputed: stillOwed({ ...view, paid: view.paid + payment.msat }),
  // An invoice for one job is numbered within that job.
  seq: payment.ref === view.ref ? Math.max(view.seq, payment.seq) : view.seq,
  paidAt: now,
  at: now,
})

/** A receipt that we acknowledge, and the ceiling of its job: we signed that, and the node took it. */
export type Answered = Readonly<{
  id: EventId
  job: JobId
  cost: Msat
  ceiling: Msat
  disputed: boolean
}>

/** What counts of a receipt: no job costs more than its ceiling, whatever its node signs. */
export const countedOf = ({ cost, ceiling }: Pick<Answered, 'cost' | 'ceiling'>): Msat =>
  cost < ceiling ? cost : ceiling

/** Whether anybody who has the job can see that its receipt is a lie. */
export const isOverCeiling = ({ cost, ceiling }: Pick<Answered, 'cost' | 'ceiling'>): boolean =>
  cost > ceiling

/** A receipt was acknowledged. The charge is written with the view: a second one of the same receipt is refused. */
export const charged = (
  view: TabView,
  receipt: Answered,
  now: UnixMs,
): { view: TabView; changes: ViewChange[] } => {
  const { payee, ref } = view
  const { id, job, cost } = receipt
  const isLie = isOverCeiling(receipt)
  const disputed = receipt.disputed || isLie
  const counted = countedOf(receipt)
  const used = atMost(view.used + counted)
  const before = stillOwed(view)
  const row: TabView = {
    ...view,
    used,
    disputed: disputed ? withDisputed(before, counted, leftOn({ ...view, used })) : before,
    broken: view.broken || isLie,
    lostAt: null,
    at: now,
  }
  const charge: Charge = { receipt: id, payee, ref, job, cost, disputed, stated: null, at: now }
  return {
    view: row,
    changes: [
      { do: 'put', table: 'views', row },
      { do: 'add', table: 'charges', row: charge },
    ],
  }
}

/** What is paid and not used; below 0 where we owe. */
export const leftOn = ({ paid, used }: Readonly<{ paid: bigint; used: bigint }>): bigint =>
  paid - used

/**
 * What is owed and disputed once a receipt of this cost is disputed, too, msat. What was paid ahead covers it first: the
 * node has that, and asks for nothing of it later.
 * @param left paid less used, with this receipt
 */
export const withDisputed = (before: bigint, cost: bigint, left: bigint): Msat =>
  atMost(lesser(before + cost, owedBy(left)))

/** Of what was disputed; a payment since then has covered the rest. */
export const stillOwed = (view: Readonly<{ paid: bigint; used: bigint; disputed: bigint }>): Msat =>
  msat(lesser(view.disputed, owedBy(leftOn(view))))

/**
 * What is owed, msat: `agreed` is ours to pay; `disputed` is what the node would take of the next payment for receipts
 * that we disputed, and that is never paid.
 * @param left paid less used
 * @param disputed of used, and not paid ahead
 */
export const owedOn = (
  left: bigint,
  disputed: bigint,
): Readonly<{ agreed: bigint; disputed: bigint }> => {
  const owed = owedBy(left)
  const wrong = lesser(owed, disputed)
  return { agreed: owed - wrong, disputed: wrong }
}

const owedBy = (left: bigint): bigint => (left < 0n ? -left : 0n)

const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** Sums of what strangers sign stay amounts. */
const atMost = (sum: bigint): Msat => msat(sum < MAX_MSAT ? sum : MAX_MSAT)

/** Whether two statements with one number say different things. */
export const contradict = (a: Statement, b: Statement): boolean =>
  a.n === b.n && FIELDS.some((field) => a[field] !== b[field])

const FIELDS = ['paid', 'used', 'reserved', 'receipt', 'cost'] as const
