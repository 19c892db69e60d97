import type { Bounds } from '../../base/bounds.ts'
import type { UnixMs } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import type { Random } from '../../base/random.ts'
import type { Signer } from '../../identity/seams.ts'
import type { BookEvent } from '../../metering/invoice-book-rows.ts'
import type { Accounts } from '../../metering/owed.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import type { JobSecrets } from '../../identity/seal.ts'
import { draftOf } from '../../protocol/draft.ts'
import type { Net, Signed } from '../../protocol/event.ts'
import type { Finish, Unit, Units } from '../../protocol/fields.ts'
import type { BootId, EventId, JobId, JobTag, PubKey } from '../../protocol/ids.ts'
import type { Job } from '../../protocol/job.ts'
import type { KindName } from '../../protocol/kinds.ts'
import type { Bodies, Contents, Message } from '../../protocol/messages.ts'
import type { ReceiptStatus } from '../../protocol/receipt.ts'
import type { SheetRow } from '../../protocol/sheet.ts'
import type { MoneyChange } from '../../storage/money-store.ts'
import type { Status } from '../../protocol/status.ts'
import type { TicketEntry } from '../../protocol/ticket.ts'
import type { Capability, Done, RunnerInfo, RunnerTrouble } from '../../runners/runner.ts'
import type { TaskName } from '../../tasks/task.ts'
import type { ReadWindow, WriteWindow } from '../../transport/flow.ts'
import type { WalletEffect } from '../desk.ts'
import type { LinkId, WireEffect, WireEvent } from '../wire.ts'
import type { JobDraw } from './charging.ts'
import type { JobHold } from './hold-job.ts'
import type { LedgerEffect, Reach, Till } from './till.ts'
import type { IssuedTicket, RouterRecord, RunnerRecord } from './supply.ts'

/** What a node hears besides its links: its runners. */
export type NodeEvent =
  | WireEvent
  | Readonly<{ type: 'started'; tag: JobTag }>
  | Readonly<{ type: 'piece'; tag: JobTag; delta: unknown; usage: Units }>
  | Readonly<{ type: 'done'; tag: JobTag; done: Done }>
  | Readonly<{ type: 'failed'; tag: JobTag; trouble: RunnerTrouble; detail: string }>
  /** A router takes no tickets of ours: somebody else has registered with our key. */
  | Readonly<{ type: 'displaced'; link: LinkId }>
  /** We are about to go: nothing more is taken. What runs goes on, or ends `now`. */
  | Readonly<{ type: 'drain'; now: boolean }>
  /** What a runner can do has changed. */
  | Readonly<{ type: 'capabilities'; runner: number; capabilities: readonly Capability[] }>
  /** The till was opened: what an earlier process had begun is released, and looked up. */
  | Readonly<{ type: 'opened'; changes: readonly MoneyChange[] }>
  /** Our wallet made an invoice, or says how one stands. */
  | Readonly<{ type: 'wallet'; event: BookEvent }>
  /** What the ledger has of a tab. */
  | Readonly<{ type: 'statements'; found: readonly SignedStatement[]; to: Reach }>

export type Work = { task: TaskName; model: string; input: unknown; outTokens: number }

/** What a node wants done besides sending: its runners started, stopped, slowed. */
export type NodeEffect =
  | WireEffect
  | Readonly<{ do: 'run'; tag: JobTag; runner: number; work: Work }>
  | Readonly<{ do: 'abort'; tag: JobTag }>
  /** Take no more pieces from the runner until `resume`. */
  | Readonly<{ do: 'pause'; tag: JobTag }>
  | Readonly<{ do: 'resume'; tag: JobTag }>
  | WalletEffect
  | LedgerEffect

/** A delta that waits for its frame. */
export type PendingDelta = { delta: unknown; bytes: number; usage: Units }

/** One output frame as it was sent: what a receipt charges and commits to by number; all up to it. */
export type SentFrame = { usage: Units; cost: bigint; chain: Uint8Array }

export type NodeJob = {
  id: JobId
  tag: JobTag
  ticket: EventId
  /** The event (job or rewrap) that took the ticket. */
  event: Signed
  link: LinkId
  router: PubKey
  client: PubKey
  body: Job
  row: SheetRow
  entry: TicketEntry
  runner: number
  place: string
  secrets: JobSecrets
  contentKey: Uint8Array
  phase: 'input' | 'queued' | 'running' | 'ended' | 'recording' | 'recorded'
  /** Whether it occupies its runner. */
  occupies: boolean
  /** Acknowledged while the runner was still letting go: it leaves the table when that is done. */
  forgotten: boolean
  started: boolean
  sealed: Uint8Array[]
  sealedBytes: number
  inputHash: Uint8Array
  /** The opened input, until the runner has it. */
  work: Work | null
  /** Most that reading the input can be said to have used, before the runner tells. */
  prefill: Units
  chargePrefill: boolean
  reader: ReadWindow
  writer: WriteWindow
  /** Deltas that wait for the next frame, their bytes, and the usage with them. */
  pending: PendingDelta[]
  pendingBytes: number
  usage: Units
  countedBy: 'runner' | 'node'
  model: string
  paused: boolean
  end: { finish: Finish; status: ReceiptStatus; reason: string | null } | null
  frames: SentFrame[]
  /** Cost of what was sent and is credited, msat. */
  paid: bigint
  sentLast: boolean
  outputBytes: number
  /** The one receipt of this job, once it is signed. */
  receipt: Signed | null
  /** What we asked its client when our link was back, and how often; null when that was answered. */
  sync: { id: EventId; tries: number } | null
  /** Finished, and left by its reader: until then it waits, however often links come and go; null since a credit. */
  waitsUntil: UnixMs | null
  acceptedAt: UnixMs
  firstAt: UnixMs | null
  /** The tab that it draws on; null where it costs nothing, or nobody pays here. */
  draw: JobDraw | null
  /** What waits for it, where it is paid for the whole or not at all. */
  hold: JobHold | null
}

export type NodeState = {
  readonly signer: Signer
  readonly net: Net
  readonly bounds: Bounds
  readonly boot: BootId
  /** Places in the queue behind each slot. */
  readonly queue: number
  readonly rows: Contents['sheet']['rows']
  readonly name: string | null
  readonly software: string
  /** Who runs it, as its manifest and tickets say; null where they do not. */
  readonly operator: PubKey | null
  readonly deadlines: Deadlines
  /** The routers whose keys we dialled for. */
  readonly pinned: Map<LinkId, PubKey>
  runners: RunnerRecord[]
  /** The sheet in force, as signed and as parsed. */
  sheet: { event: Signed; body: Bodies['sheet'] }
  routers: Map<LinkId, RouterRecord>
  tickets: Map<EventId, IssuedTicket>
  /** `runner/slot:place` of places whose job still runs or waits. */
  occupied: Map<string, JobTag>
  jobs: Map<JobTag, NodeJob>
  /** What we last said of each router’s clock, ms ahead of ours. */
  clocks: Map<PubKey, number>
  /** What each client has paid, and has had without paying (owing.ts). */
  accounts: Accounts<PubKey>
  /** Jobs whose next piece waits until their client has credited another: first come, first served. */
  waiting: Map<PubKey, Set<JobTag>>
  /** Jobs cancelled before they arrived, each by its tag and the key that did it. */
  cancelled: Set<string>
  /** The AUTH events by which our key was proven, by link: a router's proof of its own names it. */
  auths: Map<LinkId, EventId>
  /** What we last said about how busy we are. */
  load: Status['load'] | null
  /** No ticket is issued any more. */
  draining: boolean
  /** Id of our newest receipt. */
  head: EventId | null
  /** Receipts on their way to disk, and the jobs that they are of. */
  keeping: Map<EventId, NodeJob>
  /** Answers to strangers of late (resume.ts). */
  refusals: number
  /** Where money comes in; null for a node that takes none. */
  readonly till: Till | null
}

export const newNodeState = (options: {
  signer: Signer
  net: Net
  bounds: Bounds
  boot: BootId
  queue: number
  rows: Contents['sheet']['rows']
  sheet: NodeState['sheet']
  name: string | null
  software: string
  operator?: PubKey | null
  head: EventId | null
  till?: Till | null
  runners: readonly { info: RunnerInfo; slots: number; capabilities: readonly Capability[] }[]
}): NodeState => ({
  ...options,
  operator: options.operator ?? null,
  till: options.till ?? null,
  deadlines: new Deadlines(),
  pinned: new Map(),
  runners: options.runners.map((it) => ({ ...it, running: 0, waiting: [], typicalMs: 1000 })),
  routers: new Map(),
  tickets: new Map(),
  occupied: new Map(),
  jobs: new Map(),
  clocks: new Map(),
  accounts: new Map(),
  waiting: new Map(),
  cancelled: new Set(),
  auths: new Map(),
  load: null,
  draining: false,
  keeping: new Map(),
  refusals: 0,
})

export type NodeTurn = {
  state: NodeState
  now: UnixMs
  random: Random
  effects: NodeEffect[]
}

/** Signs a message of ours and sends it on a link. */
export const say = <K extends KindName>(
  turn: NodeTurn,
  link: LinkId,
  name: K,
  content: Contents[K],
  address: { to?: PubKey; about?: EventId; answers?: EventId; expires?: UnixMs; d?: string },
): Signed => {
  const { state, now } = turn
  const outgoing = state.signer.write(draftOf(name, content, { now, net: state.net, ...address }))
  turn.effects.push({ do: 'send', link, outgoing })
  return outgoing.event
}

/** Tells the client of a job how it goes. */
export const tell = (
  turn: NodeTurn,
  job: Pick<NodeJob, 'link' | 'client' | 'event'>,
  content: Contents['progress'],
  answers?: EventId,
): void => {
  const address = { to: job.client, about: job.event.id, ...(answers && { answers }) }
  say(turn, job.link, 'progress', content, address)
}

export const unitsWire = (units: Units): Partial<Record<Unit, number>> => ({ ...units })

export type JobMessage = Message<'job' | 'rewrap'>
