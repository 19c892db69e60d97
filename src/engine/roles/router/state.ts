import type { Bounds } from '../../base/bounds.ts'
import type { UnixMs } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import type { Msat } from '../../base/money.ts'
import type { Random } from '../../base/random.ts'
import type { Signer } from '../../identity/seams.ts'
import { draftOf } from '../../protocol/draft.ts'
import type { Net } from '../../protocol/event.ts'
import type { EventId, JobId, JobTag, PubKey } from '../../protocol/ids.ts'
import type { Verifier } from '../../protocol/intake.ts'
import type { KindName } from '../../protocol/kinds.ts'
import type { Manifest } from '../../protocol/manifest.ts'
import type { Contents, Message } from '../../protocol/messages.ts'
import type { Units } from '../../protocol/fields.ts'
import type { MOVES } from '../../protocol/progress.ts'
import { type KeyLimits, newKeyLimits } from '../../routing/admit.ts'
import type { HeldTicket } from '../../routing/candidates.ts'
import { type Standings, newStandings } from '../../trust/standing.ts'
import type { Observation } from '../../storage/store.ts'
import type { LinkId, WireEffect } from '../wire.ts'
import { Shelf } from './shelf.ts'

export type MoveReason = (typeof MOVES)[number]

/** A ticket that is free or held, with the event that proves it. */
export type PoolTicket = HeldTicket & { link: LinkId; message: Message<'ticket'> }

/** A node with a link to us. */
export type NodeRecord = {
  key: PubKey
  link: LinkId
  boot: string
  slots: number
  maxTickets: number
  /** What its manifest says that it does, busy or not. */
  tasks: Manifest['tasks']
  sheets: Map<EventId, Message<'sheet'>>
  /** By `slot:place`: a newer ticket for the same place replaces the older. */
  tickets: Map<string, EventId>
  openJobs: number
}

/** What was offered to whom: a job must name it. */
export type OfferRecord = { client: PubKey; tickets: readonly EventId[]; expires: UnixMs }

/** One placing of a job: the ticket it went to. Past ones stay, since their receipts still count. */
export type Placing = {
  ticket: EventId
  node: PubKey
  link: LinkId
  tag: JobTag
  task: string
  model: string
  /** Most of each unit: what a receipt says beyond it is a lie of the node's. */
  max: Units
  forwardedAt: UnixMs
  acceptedAt: UnixMs | null
  firstAt: UnixMs | null
  lastSeen: boolean
  closed: boolean
  /** The receipt of this placing, and whether the client has answered it: one of each. */
  receipt: EventId | null
  acknowledged: boolean
  /** What the receipt makes of the node, until its client has had its say. */
  claim: Observation | null
  /** Bytes passed and allowed, each way: a router counts credits though it cannot make them. */
  inBytes: number
  inAllowed: number
  outBytes: number
  outAllowed: number
}

export type JobRecord = {
  id: JobId
  client: PubKey
  clientLink: LinkId
  /** Further tickets of its offers, in order. */
  next: EventId[]
  placings: Placing[]
  /** While it moves: the ticket that failed, and the one that is held for it. */
  moving: { from: EventId; to: EventId } | null
  /** The tag of its first ticket, where that was gone before it could be placed. */
  unplaced: JobTag | null
  /** Who is in charge of the last placing. */
  phase: 'forwarded' | 'accepted' | 'moving' | 'over'
  /** A small body that came before `accepted`: kept to be sent on to the next ticket. */
  body: Uint8Array[]
  bodyBytes: number
  cancelled: boolean
}

export type RouterState = {
  readonly signer: Signer
  readonly verifier: Verifier
  readonly net: Net
  readonly bounds: Bounds
  readonly fee: Msat
  readonly deadlines: Deadlines
  /** Which key speaks on which link. The newest link of a key is the one that counts. */
  keyOf: Map<LinkId, PubKey>
  linkOf: Map<PubKey, LinkId>
  jobsOf: Map<LinkId, Set<JobId>>
  nodes: Map<PubKey, NodeRecord>
  tickets: Map<EventId, PoolTicket>
  /** Free and held tickets by bare task name. */
  byTask: Map<string, Set<EventId>>
  offers: Map<EventId, OfferRecord>
  jobs: Map<JobId, JobRecord>
  /** Without a placing: the ticket was gone when the job came, its body may still be on its way. */
  byTag: Map<JobTag, { job: JobId; placing: Placing | null }>
  /** Receipts on their way to disk: whom to answer when they are there. */
  keeping: Map<EventId, LinkId>
  /** Addressable events of our parties, by id: what the door serves. */
  directory: Shelf
  /** By author: the newest of each address `kind:d`, and each sheet. */
  published: Map<PubKey, Map<string, EventId>>
  limits: KeyLimits
  standings: Standings
}

export const newRouterState = (options: {
  signer: Signer
  verifier: Verifier
  net: Net
  bounds: Bounds
  fee: Msat
}): RouterState => ({
  ...options,
  deadlines: new Deadlines(),
  keyOf: new Map(),
  linkOf: new Map(),
  jobsOf: new Map(),
  nodes: new Map(),
  tickets: new Map(),
  byTask: new Map(),
  offers: new Map(),
  jobs: new Map(),
  byTag: new Map(),
  keeping: new Map(),
  directory: new Shelf(),
  published: new Map(),
  limits: newKeyLimits(),
  standings: newStandings(),
})

/** What one decision of a router works with: the state, the time, chance, and where effects go. */
export type Turn = {
  state: RouterState
  now: UnixMs
  random: Random
  effects: WireEffect[]
}

/** Signs a message of ours and sends it on a link. */
export const say = <K extends KindName>(
  turn: Turn,
  link: LinkId,
  name: K,
  content: Contents[K],
  address: { to: PubKey; about?: EventId },
): EventId => {
  const { state, now } = turn
  const event = state.signer.sign(draftOf(name, content, { now, net: state.net, ...address }))
  turn.effects.push({ do: 'send', link, outgoing: { event } })
  return event.id
}

/** Sends somebody's event on, as it came. */
export const forward = (turn: Turn, link: LinkId, message: Message): void => {
  turn.effects.push({ do: 'send', link, outgoing: { event: message.event, text: message.text } })
}

/** Answers a message that came in on a link: yes. */
export const accept = (turn: Turn, link: LinkId, message: Message, text = ''): void => {
  turn.effects.push({ do: 'answer', link, id: message.event.id, accepted: true, message: text })
}

/** Answers a message that came in on a link: no, with a NIP-01 prefix and a reason. */
export const decline = (turn: Turn, link: LinkId, message: Message, text: string): void => {
  turn.effects.push({ do: 'answer', link, id: message.event.id, accepted: false, message: text })
}

/** `text.chat` of `text.chat@1`: what tickets are found by. */
export const bareTask = (task: string): string => task.split('@', 1)[0]!
