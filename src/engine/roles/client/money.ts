import type { Secp256k1, Signer } from '../../identity/seams.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import type { UnixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import type { Msat } from '../../base/money.ts'
import type { TIMINGS } from '../../protocol/fields.ts'
import type { EventId, JobId, JobTag, PaymentHash, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import type { SpendingCaps } from '../../spending/caps.ts'
import type { TabView } from '../../spending/ledger.ts'
import type { Kept } from '../../storage/store.ts'
import type { JobProof } from './job-proof.ts'
import type { TopUpWish } from './news.ts'
import { type Packs, newPacks } from './packs.ts'
import type { Purse } from './purse-seam.ts'
import type { Uncounted } from './left.ts'
import type { Telling } from './telling.ts'

export type Timing = (typeof TIMINGS)[number]

/** What the mind of a client knows of money. It decides what is paid; the purse (purse.ts) pays. */
export type ClientMoney = {
  /** What pays a node: our tab's key there, or, where `off`, the session key. */
  readonly tab: (node: PubKey) => Signer
  readonly view: (node: PubKey) => TabView
  /** What other processes of this user draw on our tab there, msat. */
  readonly others: (node: PubKey) => bigint
  /** No tab lasts: each job has an invoice of its own, and what is left of it ends with this session. */
  off: boolean
  /** Our router wants to see that each job is paid (proving.ts); with it, no tab lasts. */
  proves: boolean
  /** Our wallet always shows the preimage of what it paid: without it no result of a `hold` opens. */
  readonly shows: () => boolean
  /** Whether our ledger can keep one more locked result than so many. */
  readonly room: (more: number) => boolean
  /** Whether a payment was sent before, perhaps by another process of ours, and has not ended. */
  readonly isSent: (hash: PaymentHash) => boolean
  /** Why a payment that is about to be asked for would be over a cap; null where it is within all. */
  readonly over: Purse['over']
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
  /** To whom what this process pays was said: they hear how it ended. */
  saidTo: Map<PaymentHash, readonly JobId[]>
  /** What our wallet was told to pay, and has not said how it ended; nothing that is held. */
  sending: Map<PaymentHash, { readonly node: PubKey; readonly msat: Msat }>
  /** With the tab off: jobs that are paid after their receipt, by their ids. */
  owing: Map<string, PubKey>
  /** Jobs that ended, whose node has a statement to send: of which tab, and what about. */
  expected: Map<JobTag, Expected>
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
  /** Statements about receipts that we lack, which cannot be counted before others are here: retried then, told after that. */
  uncertain: Map<PubKey, readonly SignedStatement[]>
  /** Invoices over what is owed that come before we know of all of it, or while one is paid: looked at again until then. */
  due: Map<PubKey, Readonly<{ message: Message<'invoice'>; until: UnixMs }>>
  /** Nodes whose tab is low after a job: until when one of them may send its next top-up unasked. */
  low: Map<PubKey, UnixMs>
  /** Nodes whose ledger has nothing of our tab any more: they are left alone for a while (lost-books.ts). */
  lost: Set<PubKey>
  /** What was told last of a node whose statements do not hold: it sends them again. */
  told: Map<PubKey, string>
  /** What this router takes for itself (packs.ts). */
  readonly packs: Packs
}

/** A statement that a node has to send; `receipt`: of the job, null where none came; `secret` opens it. */
export type Expected = Readonly<{
  node: PubKey
  key: PubKey
  receipt: Kept | null
  secret: Uint8Array
}>

/** What a user wants on a tab, with no job behind it (top-up.ts). */
export type TopUp = {
  readonly id: JobId
  readonly wish: TopUpWish
  phase: 'waiting' | 'sheet' | 'funding'
  /** What it comes to, once that is known, and for routing at most. */
  msat: Msat | null
  maxFee: Msat | null
  fee: Msat | null
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
  /** The newest letter to its node. */
  letter: EventId | null
  /** Since when it is asked, and what was paid there then: the highest number. */
  since: UnixMs
  before: number
  /** It was looked in our books whether another process of ours has paid. */
  looked: boolean
  /** What is being paid, and its number. */
  hash: PaymentHash | null
  seq: number
  /** Its invoice is one that cannot be paid (again), and there is no other yet. */
  stale: Readonly<{ until: UnixMs; fault: Fault }> | null
  /** The node has said that it has the money; how often it was asked. */
  credited: boolean
  asked: number
  /** Since when it waits for room there, what other jobs held of the tab then (msat), and why. */
  full: Readonly<{ since: UnixMs; drawn: bigint; fault: Fault }> | null
  /** What shows that it was paid, where our router wants to see that. */
  proof: JobProof | null
}

/** One that is to be paid: it is asked for an invoice first. */
export const newFunding = (
  wanted: Pick<Funding, 'node' | 'ref' | 'timing' | 'jobs' | 'topUp' | 'needed'>,
  since: UnixMs,
  before: number,
): Funding => ({
  ...wanted,
  since,
  before,
  looked: false,
  phase: 'asked',
  asks: 0,
  letter: null,
  hash: null,
  seq: 0,
  stale: null,
  credited: false,
  asked: 0,
  full: null,
  proof: null,
})

export const placeOf = (node: PubKey, ref: string): string => `${node} ${ref}`

/** Whether a node is being paid for this job now. */
export const isPaidNow = ({ funding }: ClientMoney, job: JobId): boolean =>
  [...funding.values()].some((it) => it.phase === 'paying' && it.jobs.has(job))

export const newClientMoney = (
  options: Pick<ClientMoney, 'tab' | 'view' | 'caps' | 'secp'> &
    Partial<Pick<ClientMoney, 'off' | 'others' | 'shows' | 'room' | 'isSent' | 'over'>>,
): ClientMoney => ({
  off: false,
  others: () => 0n,
  shows: () => false,
  room: () => true,
  isSent: () => false,
  over: () => null,
  ...options,
  replay: new ReplayCache(),
  funding: new Map(),
  topUps: new Map(),
  holds: new Map(),
  saidTo: new Map(),
  sending: new Map(),
  owing: new Map(),
  expected: new Map(),
  telling: new Map(),
  uncounted: new Map(),
  heard: new Map(),
  asked: new Map(),
  low: new Map(),
  told: new Map(),
  lost: new Set(),
  early: new Map(),
  uncertain: new Map(),
  due: new Map(),
  proves: false,
  packs: newPacks(),
})
