import type { Secp256k1, Signer } from '../../identity/seams.ts'
import type { Finding } from '../../metering/finding.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import type { UnixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import type { Msat } from '../../base/money.ts'
import type { TIMINGS } from '../../protocol/fields.ts'
import type { EventId, JobId, JobTag, PaymentHash, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import type { SpendingCaps } from '../../spending/caps.ts'
import type { Entry, JournalEvent, WantedPayment } from '../../spending/journal-rows.ts'
import type { Answered, TabView } from '../../spending/ledger.ts'
import type { LockedResult } from '../../spending/locked.ts'
import type { JobProof } from './job-proof.ts'
import type { TopUpWish } from './news.ts'
import { type Packs, newPacks } from './packs.ts'
import type { Results } from './results.ts'
import type { Uncounted } from './left.ts'
import type { Telling } from './telling.ts'

export type Timing = (typeof TIMINGS)[number]

/** What the mind of a client knows of money. It decides what is paid; the purse (purse.ts) pays. */
export type ClientMoney = {
  /** What pays a node: our tab's key there, or, where `off`, the session key. */
  readonly tab: (node: PubKey) => Signer
  readonly view: (node: PubKey) => TabView
  /** No tab lasts: each job has an invoice of its own, and what is left of it ends with this session. */
  off: boolean
  /** Our router wants to see that each job is paid (proving.ts); with it, no tab lasts. */
  proves: boolean
  /** Our wallet always shows the preimage of what it paid: without it no result of a `hold` opens. */
  readonly shows: () => boolean
  /** Whether our ledger can keep one more locked result than so many. */
  readonly room: (more: number) => boolean
  readonly caps: SpendingCaps
  readonly secp: Secp256k1
  /** Sealed events that were opened. */
  readonly replay: ReplayCache
  /** What is being paid before something of ours can go there, by node and ref (`placeOf`). */
  funding: Map<string, Funding>
  /** What users want on tabs. */
  topUps: Map<JobId, TopUp>
  /** Payments by `hold` whose end is not known, and whether all that they pay for is on our disk. */
  holds: Map<PaymentHash, { readonly node: PubKey; delivered: boolean }>
  /** What our wallet was told to pay, and has not said how it ended; nothing that is held. */
  sending: Map<PaymentHash, { readonly node: PubKey; readonly msat: Msat }>
  /** With the tab off: jobs that are paid after their receipt, by their ids. */
  owing: Map<string, PubKey>
  /** Jobs that ended, whose node has a statement to send: of which tab, and the key that opens it. */
  expected: Map<JobTag, Readonly<{ node: PubKey; key: PubKey; secret: Uint8Array }>>
  /** Jobs that are over, and told to be when nothing follows that whoever asked should wait for. */
  telling: Map<JobTag, Telling>
  /** Receipts that were answered and are not in the books yet. */
  uncounted: Map<EventId, Uncounted>
  /** Highest number of a statement that was heard. */
  heard: Map<PubKey, number>
  /** From which number on statements were asked for last; not here where more is to be asked for in any case. */
  asked: Map<PubKey, number>
  /** Their next top-ups that came before the receipts that they follow: a router passes letters on at once. */
  early: Map<PubKey, Message<'invoice'>>
  /** Nodes whose tab is low after a job: until when one of them may send its next top-up unasked. */
  low: Map<PubKey, UnixMs>
  /** What this router takes for itself (packs.ts). */
  readonly packs: Packs
}

/** What a user wants on a tab, with no job behind it (top-up.ts). */
export type TopUp = {
  readonly id: JobId
  readonly wish: TopUpWish
  phase: 'waiting' | 'sheet' | 'funding'
  /** What it comes to, once that is known, and for routing at most. */
  msat: Msat | null
  maxFee: Msat | null
  fee: Msat | null
  /** The newest letter to its node. */
  letter: EventId | null
  rounds: number
}

/** One node that is being paid. */
export type Funding = {
  readonly node: PubKey
  /** Our tab's key; or the one job that its invoices are for. */
  readonly ref: string
  readonly timing: Timing
  /** Jobs that wait for it. */
  readonly jobs: Set<JobId>
  /** What a user waits for, besides. */
  readonly topUp: TopUp | null
  needed: Msat
  /** `full`: with what it asks more would lie unused there than may (waiting.ts). */
  phase: 'asked' | 'paying' | 'paid' | 'full'
  asks: number
  /** Since when it is asked. */
  since: UnixMs
  /** What is being paid, and its number. */
  hash: PaymentHash | null
  seq: number
  /** Its invoice is one that cannot be paid (again), and there is no other yet. */
  stale: Readonly<{ until: UnixMs; fault: Fault }> | null
  /** The node has said that it has the money. */
  credited: boolean
  /** Since when it waits for room there, what other jobs held of the tab then (msat), and why. */
  full: Readonly<{ since: UnixMs; drawn: bigint; fault: Fault }> | null
  /** What shows that it was paid, where our router wants to see that. */
  proof: JobProof | null
}

/** One that is to be paid: it is asked for an invoice first. */
export const newFunding = (
  wanted: Pick<Funding, 'node' | 'ref' | 'timing' | 'jobs' | 'topUp' | 'needed'>,
  since: UnixMs,
): Funding => ({
  ...wanted,
  since,
  phase: 'asked',
  asks: 0,
  hash: null,
  seq: 0,
  stale: null,
  credited: false,
  full: null,
  proof: null,
})

export const placeOf = (node: PubKey, ref: string): string => `${node} ${ref}`

/** Whether a node is being paid for this job now. */
export const isPaidNow = ({ funding }: ClientMoney, job: JobId): boolean =>
  [...funding.values()].some((it) => it.phase === 'paying' && it.jobs.has(job))

export const newClientMoney = (
  options: Pick<ClientMoney, 'tab' | 'view' | 'caps' | 'secp'> &
    Partial<Pick<ClientMoney, 'off' | 'shows' | 'room'>>,
): ClientMoney => ({
  off: false,
  shows: () => false,
  room: () => true,
  ...options,
  replay: new ReplayCache(),
  funding: new Map(),
  topUps: new Map(),
  holds: new Map(),
  sending: new Map(),
  owing: new Map(),
  expected: new Map(),
  telling: new Map(),
  uncounted: new Map(),
  heard: new Map(),
  asked: new Map(),
  low: new Map(),
  early: new Map(),
  proves: false,
  packs: newPacks(),
})

/** What the purse is told; after `pay` a `payment` event follows, after `charge` a `charged`. */
export type PurseEffect =
  /** `used`: what of the tab is used, and in no book yet, msat. */
  | Readonly<{
      do: 'pay'
      node: PubKey
      payment: WantedPayment
      caps: SpendingCaps
      price: Msat
      used: bigint
      hold: boolean
    }>
  /** The node took money for nothing, or signed what anybody can see to be a lie: it gets nothing more. */
  | Readonly<{ do: 'pin'; node: PubKey }>
  | Readonly<{
      do: 'charge'
      node: PubKey
      key: PubKey
      receipt: Answered
    }>
  /** A result came locked; a `locked` event follows when it is on the disk, or says why it is not. */
  | Readonly<{ do: 'lock'; row: LockedResult }>
  /** `alone`: no receipt of that node's is awaited here, so one that we lack was lost. A `checked` event follows. */
  | Readonly<{ do: 'statement'; said: SignedStatement; alone: boolean; isAnswer: boolean }>

export type PurseEvent =
  /** How a payment ended, as far as anybody can say; or why nothing was sent. */
  | Readonly<{
      type: 'payment'
      node: PubKey
      ref: string
      hash: PaymentHash
      end: Entry | Fault
      /** Of one that failed: until when nothing can be paid in its place; null where it may be tried again. */
      lockedUntil?: UnixMs | null
    }>
  /** A receipt is in the books. */
  | Readonly<{ type: 'charged'; receipt: EventId }>
  /** A statement was held against the books, and counted where it holds. `isAnswer`: we had asked for it. */
  | Readonly<{ type: 'checked'; node: PubKey; n: number; isAnswer: boolean }>
  | Readonly<{ type: 'locked'; job: JobId; fault: Fault | null }>

/** What a client pays with, and what it has at its nodes. Several clients of one process share one. */
export interface Purse {
  /** The key that this user has at one node alone: links nothing to anything (docs/money.md). */
  tab(node: PubKey): Signer
  /**
   * What we paid there and have used, as far as this process has read.
   * @param key what pays there instead of our tab's key: a session key, where the tab is off
   */
  view(node: PubKey, key?: PubKey): TabView
  /** This key pays nodes, too, and outlives the process (`--as`): what is left on it is no past session's. */
  lasts(key: PubKey): void
  /** Whether our wallet always shows the preimage of what it paid; false until it has said so. */
  shows(): boolean
  /** Until when nothing can be paid in the place of a payment that failed; null where it may be tried again at once. */
  lockedUntil(entry: Entry): UnixMs | null
  /** Keeps a node from getting anything more, under whatever key we pay it. */
  pin(node: PubKey): Promise<void>
  /**
   * Pays an invoice that was checked, once; again one that surely was not paid. Resolves when it settled or failed, or when nobody can say how it
   * ended (`unknown`): then it is asked about on, and never paid again. What is held (`hold`) has no end until its
   * payee decides, and nobody's patience makes it `unknown`.
   * @throws Fault `refused` over a cap; `payment.repeated`, `.reused`, `.open`; those of wallet and ledger
   */
  pay(
    wanted: Omit<Extract<JournalEvent, { type: 'want' }>, 'type' | 'left' | 'known' | 'once'> & {
      used?: bigint
      hold?: boolean
    },
  ): Promise<Entry>
  /** Counts a receipt that was acknowledged; resolves when it is in the books. */
  charge(node: PubKey, receipt: Answered, key?: PubKey): Promise<void>
  /**
   * Holds a statement of the node against our own sums; tells what does not hold.
   * @param alone no receipt of that node's is awaited: what it charges for one that we lack is counted
   */
  check(said: SignedStatement, alone?: boolean): Promise<readonly Finding[]>
  /** Asks the wallet about every payment whose end is not known. @returns those that still are */
  resolve(): Promise<readonly Entry[]>
  /** Payments whose end is not known, and what this day came to with them in full, msat. */
  open(): readonly Entry[]
  spentToday(): bigint
  readonly results: Results
  /** Waits until everything that was begun is on the disk, or known to be open. */
  close(): Promise<void>
}
