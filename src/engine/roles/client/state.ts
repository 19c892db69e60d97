import type { Bounds } from '../../base/bounds.ts'
import type { UnixMs } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import type { Fault } from '../../base/fault.ts'
import type { Msat } from '../../base/money.ts'
import type { Random } from '../../base/random.ts'
import type { JobSecrets } from '../../identity/seal.ts'
import type { Signer } from '../../identity/seams.ts'
import type { Sizes } from '../../protocol/ask.ts'
import { draftOf } from '../../protocol/draft.ts'
import type { Net, Signed } from '../../protocol/event.ts'
import type { Finish, Units } from '../../protocol/fields.ts'
import type { EventId, JobId, JobTag, PubKey } from '../../protocol/ids.ts'
import type { Verifier } from '../../protocol/intake.ts'
import type { Job } from '../../protocol/job.ts'
import type { KindName } from '../../protocol/kinds.ts'
import type { Bodies, Contents, Message } from '../../protocol/messages.ts'
import type { NoOffer } from '../../protocol/offers.ts'
import type { Task } from '../../tasks/task.ts'
import type { ReadWindow, WindowBudget, WriteWindow } from '../../transport/flow.ts'
import type { Filter } from '../../transport/link.ts'
import type { LinkId, WireEffect, WireEvent } from '../wire.ts'
import type { ClientHold, Lock } from './hold.ts'
import type { ClientMoney, Timing } from './money.ts'
import type { PurseEffect, PurseEvent } from './purse-effects.ts'
import type { JobProof } from './job-proof.ts'
import type { News, TopUpWish, Waiting, Wish } from './news.ts'
import type { Offered, TicketIn } from './offered.ts'
import type { Payments } from './paying.ts'

/** What a client hears besides its link: its user. */
export type ClientEvent =
  | WireEvent
  | Readonly<{ type: 'wish'; job: JobId; wish: Wish; dryRun: boolean }>
  | Readonly<{ type: 'top_up'; job: JobId; wish: TopUpWish }>
  | Readonly<{ type: 'cancel'; job: JobId }>
  /** Whoever reads the output has enough for now, or reads on. */
  | Readonly<{ type: 'pause' | 'resume'; job: JobId }>
  /** Price sheets that were asked for, as exact texts, unchecked. */
  | Readonly<{ type: 'sheets'; job: JobId; texts: readonly string[] }>
  /** The client is being closed: every job ends. */
  | Readonly<{ type: 'end'; fault: Fault }>
  /** No router could be reached: jobs that wait for one will wait no longer. */
  | Readonly<{ type: 'unreachable'; fault: Fault }>
  /** The router refused an event of ours. */
  | Readonly<{ type: 'declined'; id: EventId; reason: string }>
  | PurseEvent

export type ClientEffect =
  | WireEffect
  /** Ask the router's door for sheets; a `sheets` event follows. */
  | Readonly<{ do: 'query'; job: JobId; link: LinkId; filter: Filter }>
  | Readonly<{ do: 'tell'; job: JobId; news: News }>
  | PurseEffect

/** The job as it was last sent: the ticket it took, its keys, its flow of frames. */
export type Attempt = {
  offered: Offered
  event: Signed
  /** What the event says. */
  body: Job
  tag: JobTag
  secrets: JobSecrets
  reader: ReadWindow
  writer: WriteWindow
  accepted: Message<'progress'> | null
  /** Next body frame to be sent. */
  bodyAt: number
  /** Output frames that we said to have, by credit or cancel: no more can be charged. */
  credited: number
  /** Cost of all that came, and of what we credited of it, msat. */
  cost: bigint
  paid: bigint
  /** Of the output so far: its sealed bytes, and what holding each frame costs besides. */
  outputBytes: number
  /** JSON bytes of all deltas: no honest count of tokens is higher. */
  deltaBytes: number
  /** Its link was lost since it was sent: it may never have arrived. */
  isLost: boolean
  /** What we asked its node when a link was back, and how often; null when that was answered. */
  sync: { id: EventId; tries: number } | null
  /** The node broke the protocol: nothing more of it is read or credited. */
  broken: boolean
  /** A draw on our tab went with it. */
  drawn: boolean
  draw: Signed | null
  /** Of one that is paid by `hold`. */
  lock: Lock | null
  /** What our cancel said, once it is out. */
  cancelled: Bodies['cancel'] | null
  /** After each output frame: the cumulative usage, and the chain over the plaintexts. */
  usageAt: Units[]
  chainAt: Uint8Array[]
}

export type ClientJob = {
  readonly id: JobId
  readonly wish: Wish
  readonly task: Task
  readonly sizes: Sizes
  readonly dryRun: boolean
  readonly plaintext: Uint8Array
  phase:
    | 'waiting'
    | 'asking'
    | 'pricing'
    | 'funding'
    | 'sent'
    | 'accepted'
    | 'output'
    | 'ended'
    | 'cancelling'
    | 'over'
  askId: EventId | null
  offersMessage: Message<'offers'> | null
  /** The tickets in them whose signatures hold, not yet priced. */
  tickets: readonly TicketIn[]
  offers: readonly Offered[]
  contentKey: Uint8Array
  /** Sealed input: one entry per frame. */
  body: readonly Uint8Array[]
  bodyHash: string
  attempt: Attempt | null
  /** What it goes to once the node is paid, and how often that was tried. */
  funding: Readonly<{ offered: Offered; from: EventId | null; timing: Timing }> | null
  fundings: number
  /** Highest number of an invoice for it alone that each node was paid; and what waits for it at nodes (`hold`). */
  paidSeq: Map<PubKey, number>
  /** What invoices for it alone came to, wherever they were paid, msat. */
  paidAlone: bigint
  /** The most that it was said to cost, msat; 0 before. */
  said: Msat
  holds: Map<PubKey, ClientHold>
  /** How often its node said that our tab there does not cover it; and nodes that could not be paid for it, and why. */
  unfunded: number
  unpayable: Map<PubKey, Fault>
  /** Why its node was not paid more while it ran; and invoices that were paid for it, part of its proof. */
  unpaid: Fault | null
  invoices: Signed[]
  proofs: JobProof[]
  /** What the router said instead of an offer within the cap; set while it is asked what the nodes that are near it take. */
  near: NoOffer | null
  started: boolean
  /** How often it was asked for anew (again.ts). */
  asks: number
  /** How often it was put off (again.ts), until when it may be while all nodes are busy, and what was said of it. */
  declined: number
  waitsUntil: UnixMs | null
  waitsFor: Waiting | null
  /** It was sent: some node may have it, so no other router is asked. Its body goes out again with a rewrap. */
  isOut: boolean
  resend: boolean
  deltas: unknown[]
  finish: Finish | null
  fault: Fault | null
  times: { asked: UnixMs; offered: UnixMs | null; accepted: UnixMs | null; first: UnixMs | null }
}

export type ClientState = {
  readonly signer: Signer
  readonly verifier: Verifier
  readonly net: Net
  readonly bounds: Bounds
  /** The key that the router must prove. */
  readonly router: PubKey
  /** Whether its address is on this machine or a private network. */
  readonly local: boolean
  /** Waits where nothing is free, or no more of this key is taken at once: there is no other one to ask. */
  readonly patient: boolean
  readonly deadlines: Deadlines
  link: LinkId | null
  /** The AUTH events by which our key was proven, by link: a router's proof of its own names it. */
  auths: Map<LinkId, EventId>
  budget: WindowBudget
  jobs: Map<JobId, ClientJob>
  byAsk: Map<EventId, JobId>
  byTag: Map<JobTag, JobId>
  sheets: Map<EventId, Message<'sheet'>>
  /** Sheets that the door was asked for, and the job whose question has them. */
  fetching: Map<EventId, JobId>
  /** By how much the router’s clock is ahead of ours, where nobody was told yet. */
  clockAheadMs: number | null
  /** The clocks are too far apart for any job; null where they are not, as far as we know. */
  clockFault: Fault | null
  /** What we paid each node, and have of it unpaid (paying.ts). */
  payments: Map<string, Payments>
  /** The router said with its quota that it wants to see each payment: no new job through it draws on a tab. */
  wantsProof: boolean
  /** Each job has an invoice of its own, where it is paid: known also where nothing is, and no money here. */
  readonly tabOff: boolean
  /** What we pay with; null where nothing is connected. */
  readonly money: ClientMoney | null
}

export const newClientState = (options: {
  signer: Signer
  verifier: Verifier
  net: Net
  bounds: Bounds
  router: PubKey
  local?: boolean
  patient?: boolean
  budget: WindowBudget
  tabOff?: boolean
  money?: ClientMoney | null
}): ClientState => ({
  ...options,
  local: options.local ?? false,
  patient: options.patient ?? false,
  wantsProof: false,
  tabOff: options.tabOff ?? false,
  money: options.money ?? null,
  deadlines: new Deadlines(),
  link: null,
  auths: new Map(),
  jobs: new Map(),
  byAsk: new Map(),
  byTag: new Map(),
  sheets: new Map(),
  fetching: new Map(),
  clockAheadMs: null,
  clockFault: null,
  payments: new Map(),
})

export type ClientTurn = {
  state: ClientState
  now: UnixMs
  random: Random
  effects: ClientEffect[]
}

/** Signs a message of ours and sends it to the router, addressed to `to`. */
export const say = <K extends KindName>(
  turn: ClientTurn,
  name: K,
  content: Contents[K],
  address: { to: PubKey; about?: EventId; answers?: EventId; expires?: UnixMs },
): Signed => {
  const { state, now } = turn
  const outgoing = state.signer.write(draftOf(name, content, { now, net: state.net, ...address }))
  if (state.link !== null) turn.effects.push({ do: 'send', link: state.link, outgoing })
  return outgoing.event
}

export const tell = (turn: ClientTurn, job: ClientJob, news: News): void => {
  turn.effects.push({ do: 'tell', job: job.id, news })
}
