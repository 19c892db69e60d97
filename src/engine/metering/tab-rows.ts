import type { UnixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import type { TIMINGS } from '../protocol/fields.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'

/** What a node knows of a tab, as rows of its ledger (docs/money.md). Amounts in msat. */

/** What has to be written, all changes of one decision together. `add` is refused where the row is there already. */
export type Change<Table extends string, Row> = Readonly<{
  do: 'add' | 'put' | 'drop'
  table: Table
  row: Row
}>

/**
 * A tab at a node: one for each tab key, or payer key where the tab is off. Its row is never dropped, however
 * little is left on it: with `n` begun anew two statements of the node would contradict each other. From memory it
 * goes when it rests (`isResting`), and comes back when its key is heard again.
 */
export type Tab = Readonly<{
  node: PubKey
  key: PubKey
  /** What the node's own wallet received for it. */
  paid: Msat
  /** Cost of all receipts. */
  used: Msat
  /** Held for jobs that are open. */
  reserved: Msat
  /** How much may be used before it is paid. */
  credit: Msat
  /** Highest seq of an invoice that settled; 0 before the first. */
  seq: number
  /** Number of the newest statement; 0 before the first. */
  n: number
  /** When what is owed must be paid; null while nothing is owed that an invoice could carry. */
  due: UnixMs | null
  /** A debt was not paid when it was due: there is no credit any more. */
  defaulted: boolean
  at: UnixMs
}>

/** What may still be reserved; negative where a debt fell due and its credit is gone. */
export const authorized = ({ paid, credit, used, reserved }: Tab): bigint =>
  paid + credit - used - reserved

/** What was used and is not paid. */
export const owed = ({ used, paid }: Tab): Msat => msat(used > paid ? used - paid : 0n)

/**
 * Whether a tab may leave memory: nobody has drawn on it, paid into it or been trusted on it for an hour, no job holds
 * any of it, and nothing is owed. What is left on it stays in the ledger with it. Each session of `--tab off` makes a
 * tab, and most never come back.
 */
export const isResting = (tab: Tab, now: UnixMs): boolean =>
  now - tab.at >= REST_MS &&
  tab.reserved === 0n &&
  tab.credit === 0n &&
  tab.used <= tab.paid &&
  tab.due === null

/** Longer than any invoice of ours can be paid, so that no payment is on its way. */
export const REST_MS = 3_600_000

/** Which draw: it is good for this one job and ticket. */
export type Place = Readonly<{ job: JobId; ticket: EventId }>

/** How a job that draws on a tab is paid. `hold` draws on what its own invoice has just brought. */
export type DrawTiming = (typeof TIMINGS)[number]

/** A draw (4645) that was taken, and what is reserved for it. */
export type Draw = Readonly<{
  /** Of the signed draw. */
  id: EventId
  node: PubKey
  key: PubKey
  job: JobId
  ticket: EventId
  ceiling: Msat
  timing: DrawTiming
  reserved: Msat
  /** `released`: the job ended without a receipt. */
  state: 'reserved' | 'settled' | 'released'
  cost: Msat
  receipt: EventId | null
  /** The signed draw, which shows that the client allowed the charge. */
  text: string
  at: UnixMs
}>

/** What a statement (4646) says: the tab after its n-th receipt. */
export type Statement = Readonly<{
  node: PubKey
  key: PubKey
  n: number
  paid: Msat
  used: Msat
  reserved: Msat
  receipt: EventId
  cost: Msat
}>

/** A statement that was signed. */
export type SignedStatement = Statement & Readonly<{ id: EventId; text: string; at: UnixMs }>

export type TabChange =
  Change<'tabs', Tab> | Change<'draws', Draw> | Change<'statements', SignedStatement>
