import type { Fault } from '../../base/fault.ts'
import type { Msat } from '../../base/money.ts'
import type { Finish, JobClass, Units } from '../../protocol/fields.ts'
import type { Net, Signed } from '../../protocol/event.ts'
import type { EventId, JobId, PaymentHash, PubKey } from '../../protocol/ids.ts'
import type { Receipt } from '../../protocol/receipt.ts'
import type { Where } from '../../protocol/where.ts'
import type { Timing } from './money.ts'
import type { TaskName } from '../../tasks/task.ts'

/** What somebody wants done. */
export type Wish = Readonly<{
  task: TaskName
  /** Parsed by the task's input schema. */
  input: unknown
  /** Exact ids or patterns with `*`; empty: any. */
  models: readonly string[]
  outTokens: number
  /** Most that it may cost; null: no bound. */
  cap: Msat | null
  /** By which timings it may be paid; left out: any. */
  timings?: readonly Timing[]
  deadlineMs: number
  /** How long to wait, and ask again, while every node that could do it is busy; 0: not at all. */
  waitMs: number
  class: JobClass
  where: Where
}>

/**
 * Why a job is asked for again a little later: all nodes are `busy`; others were quicker with every ticket
 * (`used`); the router takes no more of our key at once (`limited`); it sent no price sheet (`sheet`);
 * those that could do it are gone, and may come back (`gone`); or the router takes no more connections or keys from our
 * address now (`crowded`).
 */
export type Waiting = 'busy' | 'used' | 'limited' | 'sheet' | 'gone' | 'crowded'

/** One offer as a person reads it. */
export type OfferLine = Readonly<{
  node: PubKey
  model: string
  ceiling: Msat
  firstMs: number
  reason: string
  warm: boolean
}>

/** All events that prove a job, in full. What never came is absent. */
export type Bundle = Readonly<{
  offers?: Signed
  ticket?: Signed
  sheet?: Signed
  job?: Signed
  /** What lets the node charge the job to a tab. */
  draw?: Signed
  /** What was paid at the node while the job waited for it, or ran. */
  invoices?: readonly Signed[]
  /** What showed the router that they were paid, where it wanted to see that; preimages among it. */
  proofs?: readonly Signed[]
  accepted?: Signed
  receipt?: Signed
  acknowledgement?: Signed
  /** What the node says of the tab after it, where that came in time. */
  statement?: Signed
}>

/** How a job ended, whichever way. */
export type Outcome = Readonly<{
  net: Net
  job: JobId
  task: TaskName
  /** The model as the receipt names it, else as the ticket did. */
  model: string
  /** What came: the task's output, or as much of it as there is; null where nothing can be made of it. */
  output: unknown
  finish: Finish
  usage: Units
  cost: Msat
  ceiling: Msat
  /** The most that it was said to cost: more than its ceiling where it has an invoice of its own. */
  most: Msat
  /** What the router takes for it, beside its cost. */
  fee: Msat
  /** What is left on the tab at its node after it, below 0 where we owe; null where it drew on none. msat. */
  left: bigint | null
  /** What of that debt our wallet was told to pay, and has not said how it ended, msat. */
  paying: Msat
  /** What of that debt was disputed, and is never paid, msat. */
  disputedDebt: Msat
  /** Its node broke its word, and gets nothing more: what is left there is not used any more. */
  broken: boolean
  /** What is left there is gone when this session ends, as is the key that paid it (`--tab off`, proofs). */
  leftEnds: boolean
  router: PubKey
  node: PubKey | null
  /** ms since 1970; null for what did not happen. */
  times: Readonly<{
    asked: number
    offered: number | null
    accepted: number | null
    first: number | null
    done: number
  }>
  receipt: Receipt | null
  bundle: Bundle
  /** True when every check of the receipt held; false when one did not; null without a receipt. */
  verified: boolean | null
  /** Why the receipt was disputed. */
  dispute: string | null
  /** What went wrong, where something did. */
  fault: Fault | null
}>

/** What is paid: a tab; one job alone, before it or `after`; one whose money waits (`hold`); the router (`route`). */
export type PaysFor = 'tab' | 'job' | 'hold' | 'after' | 'route'

/** What the client tells while a job goes on. The last one is always `ended`. */
export type News =
  /** `fee`: what the router takes for itself; `alone`: by an invoice of its own, and `proof`: the router wants to see it; `after`: only by what its tab has, and is lent. */
  | Readonly<{
      type: 'offers'
      lines: readonly OfferLine[]
      ceiling: Msat
      fee: Msat
      alone: boolean
      proof: boolean
      after: boolean
      inputBytes: number
    }>
  /** Before the first payment to the router: what a pack costs, for how many jobs. It can link them from now on. */
  | Readonly<{ type: 'fee'; router: PubKey; msat: Msat; routes: number }>
  /** Before a payment: the router wants to see it, and can link it to this session. */
  | Readonly<{ type: 'proof'; router: PubKey }>
  /**
   * Its node, or the router, wants to be paid first: an invoice is asked for, then paid, which is said before anything
   * leaves, also what is paid in the background; and was. msat; `fee` null where not said, `maxFee`:
   * what it could have been.
   */
  | Readonly<{ type: 'funding'; node: PubKey }>
  | Readonly<{
      type: 'paying'
      hash: PaymentHash
      node: PubKey
      msat: Msat
      maxFee: Msat
      for: PaysFor
    }>
  | Readonly<{
      type: 'paid'
      hash: PaymentHash
      node: PubKey
      msat: Msat
      fee: Msat | null
      maxFee: Msat
    }>
  /** What a node signed of our tab does not hold against our books (`check` says what); where it can be shown to lie it gets nothing more. */
  | Readonly<{ type: 'statement'; node: PubKey; check: string; detail: string; lie: boolean }>
  /** Its money waits at the node, and is taken when the whole has come, or comes back. */
  | Readonly<{ type: 'held'; node: PubKey; msat: Msat }>
  /** The whole result is here and locked: its node has not taken the money yet, and is waited for until then. */
  | Readonly<{ type: 'locked'; node: PubKey; msat: Msat; untilMs: number }>
  | Readonly<{ type: 'accepted'; node: PubKey; model: string; etaMs: number }>
  /** The node has taken it, and so many jobs go before it. */
  | Readonly<{ type: 'queued'; place: number }>
  | Readonly<{ type: 'started' }>
  | Readonly<{ type: 'moved'; from: PubKey | null; to: PubKey | null; reason: string }>
  /** The link to the router is lost, and looked for; or back, and the job goes on. */
  | Readonly<{ type: 'link'; state: 'lost' | 'back' }>
  /** Nothing of it had come, and nobody has it any more: it is asked for anew. */
  | Readonly<{ type: 'again'; reason: string }>
  /** It waits, and is asked for again until then: said once for each `why` in a row. */
  | Readonly<{ type: 'waiting'; why: Waiting; untilMs: number }>
  /** The router’s clock is ahead of ours by so much (behind where it is less than 0): said once. */
  | Readonly<{ type: 'clock'; aheadMs: number }>
  | Readonly<{ type: 'piece'; delta: unknown; text: string; usage: Units }>
  | Readonly<{ type: 'ended'; outcome: Outcome }>
  /** Of a top-up: its node still has an invoice over another sum out for that tab, whose end is waited for. */
  | Readonly<{ type: 'other_invoice'; node: PubKey; msat: Msat; untilMs: number }>
  /** The last of a top-up. */
  | Readonly<{ type: 'topped_up' } & ToppedUp>

/** What is told also where the job that it follows was told to have ended. */
export type LateNews = Extract<News, { type: 'paying' | 'paid' | 'statement' }>

export type PayingNews = Extract<News, { type: 'paying' }>

/** What somebody wants to have on the tab at a node. */
export type TopUpWish = Readonly<{
  node: PubKey
  /** Exactly so much, msat; null: what is usual. */
  amount: Msat | null
  /** Most for routing, msat; null: what is usual. */
  maxFee: Msat | null
  /** Only what it would come to. */
  dryRun: boolean
}>

/** How a top-up ended. msat. */
export type ToppedUp = Readonly<{
  node: PubKey
  /** What was paid, or would be; null where that is not known. */
  msat: Msat | null
  maxFee: Msat | null
  /** null where nothing was paid, and where the wallet did not say. */
  fee: Msat | null
  /** Whether it settled; the node has said that it has it where there is no fault. */
  paid: boolean
  /** Paid and unused there now, by our own count. */
  left: bigint
  fault: Fault | null
}>

/** A client of one router. */
export interface Client {
  /** The session key. */
  readonly key: PubKey
  readonly router: PubKey
  /**
   * Sends one job. The iteration ends after `ended`; it never throws for what happens to the job, which
   * is in `outcome.fault`. Aborting `signal` cancels: what came is kept.
   */
  request(wish: Wish, signal?: AbortSignal): AsyncIterable<News>
  /** The offers for a wish and the ceiling of the first; no content is sent, nothing is held. */
  offers(wish: Wish): Promise<
    Readonly<{
      lines: readonly OfferLine[]
      ceiling: Msat
      fee: Msat
      alone: boolean
      proof: boolean
      after: boolean
      inputBytes: number
      offers: EventId
    }>
  >
  /**
   * Pays into the tab at a node: asks it for an invoice, checks that as any other, pays it once and waits until the
   * node says that it has it. The iteration ends after `topped_up`; it never throws for what happens to it. Aborting
   * `signal` ends the waiting: what is on its way stays so.
   */
  topUp(wish: TopUpWish, signal?: AbortSignal): AsyncIterable<News>
  close(): Promise<void>
}
