import type { Bounds } from '../../base/bounds.ts'
import type { UnixMs } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import type { Random } from '../../base/random.ts'
import type { Signer } from '../../identity/seams.ts'
import type { EcdsaVerifier } from '../../protocol/bolt11/payee.ts'
import { draftOf } from '../../protocol/draft.ts'
import type { Net } from '../../protocol/event.ts'
import type { EventId, JobId, JobTag, PubKey } from '../../protocol/ids.ts'
import type { Verifier } from '../../protocol/intake.ts'
import type { KindName } from '../../protocol/kinds.ts'
import type { Manifest } from '../../protocol/manifest.ts'
import type { Contents, Message } from '../../protocol/messages.ts'
import type { MOVES } from '../../protocol/progress.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import type { Sheet } from '../../protocol/sheet.ts'
import { type KeyLimits, type PlaceHolds, isKnown, newKeyLimits } from '../../routing/admit.ts'
import type { PaymentRule } from '../../routing/payment.ts'
import type { Proofs } from '../../spending/proofs.ts'
import { type Standings, newStandings } from '../../trust/standing.ts'
import type { WalletEffect } from '../desk.ts'
import type { LinkId, WireEffect } from '../wire.ts'
import type { Begun } from './begun.ts'
import { type Clocks, newClocks } from './clocks.ts'
import type { FeeTill } from './fee.ts'
import type { Placing } from './placing.ts'
import type { Alike, PoolTicket } from './pool-ticket.ts'
import { Shelf } from './shelf.ts'

export type MoveReason = (typeof MOVES)[number]

/** A node with a link to us. */
export type NodeRecord = {
  key: PubKey
  link: LinkId
  boot: string
  slots: number
  maxTickets: number
  /** What it says that it does, busy or not. */
  manifest: Manifest
  sheets: Map<EventId, Sheet>
  /** By `slot:place`: a newer ticket for the same place replaces the older. */
  tickets: Map<string, EventId>
  /** When the last of its tickets that stand in offers expires. */
  offeredUntil: UnixMs | null
  openJobs: number
  /** Its link comes from this machine or a private network. */
  local: boolean
}

/** What was offered to whom: a job must name it. */
export type OfferRecord = { client: PubKey; tickets: readonly EventId[]; expires: UnixMs }

export type JobRecord = {
  id: JobId
  client: PubKey
  /** Where the client was heard last; the link may be lost. */
  clientLink: LinkId
  /** The offers that it named; null for one of another run. */
  offers: EventId | null
  /** The pack that it uses a route of, and whether a receipt has done so. */
  pack: PubKey | null
  charged: boolean
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
  /** One of the deadlines that most jobs never have was set (ending.ts, `watch`). */
  watched: boolean
  cancelled: boolean
}

/** A job of before we began: one end of it has said that it goes on; when the other says so too, it does (resume.ts). */
export type Returning = Readonly<{
  key: string
  job: JobId
  ticket: EventId
  client: PubKey
  node: PubKey
  side: 'client' | 'node'
  link: LinkId
  /** What its node has sent meanwhile; it is not sent a second time. */
  receipt: { message: Message<'receipt'> | null }
}>

export type RouterProofs = Proofs & Readonly<{ secp: EcdsaVerifier }>

export type RouterState = {
  readonly signer: Signer
  readonly verifier: Verifier
  readonly net: Net
  readonly bounds: Bounds
  /** What it takes for itself; null where it routes for nothing. */
  readonly fee: FeeTill | null
  readonly payment: PaymentRule
  /** What clients showed of their payments; null where the node's word is enough. */
  readonly proofs: RouterProofs | null
  /** What they showed a run of ours before, where this one wants to see none: kept for its day, and no longer. */
  readonly oldProofs: Proofs | null
  /** Sealed events to us that were opened. */
  readonly letters: ReplayCache
  /** Who runs it, as its manifest and offers say; null where they do not. */
  readonly operator: PubKey | null
  readonly deadlines: Deadlines
  /** Which key speaks on which link, and on which ones each key does, the newest last (links.ts). */
  keyOf: Map<LinkId, PubKey>
  linksOf: Map<PubKey, LinkId[]>
  /** Links from this machine or a private network. */
  local: Set<LinkId>
  /** What the address of a link is counted by. */
  placeOf: Map<LinkId, string>
  placeHolds: PlaceHolds
  /** Tickets that are held for the asker of a key, for as long as it has a link (holds.ts). */
  holds: Map<PubKey, Set<EventId>>
  readonly clocks: Clocks
  jobsOf: Map<LinkId, Set<JobId>>
  nodes: Map<PubKey, NodeRecord>
  tickets: Map<EventId, PoolTicket>
  /** Free and held tickets, those that are alike together; and by bare task name. */
  alike: Map<string, Alike>
  byTask: Map<string, Set<Alike>>
  offers: Map<EventId, OfferRecord>
  jobs: Map<JobId, JobRecord>
  /** Without a placing: the ticket was gone when the job came, its body may still be on its way. */
  byTag: Map<JobTag, { job: JobId; placing: Placing | null }>
  /** Keys that have jobs or were offered here and lost their link, and as what: what is addressed to them is still ours. */
  awaited: Map<PubKey, 'node' | 'client'>
  returning: Map<string, Returning>
  returningOf: Map<LinkId, Set<string>>
  /** How many syncs a link may still send, and since when that is so. */
  syncs: Map<LinkId, { left: number; at: UnixMs }>
  /** Receipts on their way to disk: whom to answer when they are there. */
  keeping: Map<EventId, LinkId>
  /** Addressable events of our parties, by id: what the door serves. */
  directory: Shelf
  /** By author: the newest of each address `kind:d`, and each sheet. */
  published: Map<PubKey, Map<string, EventId>>
  limits: KeyLimits
  standings: Standings
  /** What waits for nodes that are on their way back, as we began a moment ago (begun.ts). */
  begun: Begun | null
  /** Nothing is offered any more. */
  draining: boolean
}

export const newRouterState = (options: {
  signer: Signer
  verifier: Verifier
  net: Net
  bounds: Bounds
  fee?: FeeTill | null
  payment?: PaymentRule
  proofs?: RouterProofs | null
  oldProofs?: Proofs | null
  operator?: PubKey | null
}): RouterState => ({
  ...options,
  fee: options.fee ?? null,
  operator: options.operator ?? null,
  payment: options.payment ?? 'none',
  proofs: options.proofs ?? null,
  oldProofs: options.oldProofs ?? null,
  letters: new ReplayCache(),
  deadlines: new Deadlines(),
  keyOf: new Map(),
  linksOf: new Map(),
  local: new Set(),
  placeOf: new Map(),
  placeHolds: new Map(),
  holds: new Map(),
  clocks: newClocks(),
  jobsOf: new Map(),
  nodes: new Map(),
  tickets: new Map(),
  alike: new Map(),
  byTask: new Map(),
  offers: new Map(),
  jobs: new Map(),
  byTag: new Map(),
  awaited: new Map(),
  returning: new Map(),
  returningOf: new Map(),
  syncs: new Map(),
  keeping: new Map(),
  directory: new Shelf(),
  published: new Map(),
  limits: newKeyLimits(),
  standings: newStandings(),
  begun: null,
  draining: false,
})

/** What a router wants done: besides its links, of its wallet, where it takes a fee. */
export type RouterEffect = WireEffect | WalletEffect

/** What one decision of a router works with: the state, the time, chance, and where effects go. */
export type Turn = {
  state: RouterState
  now: UnixMs
  random: Random
  effects: RouterEffect[]
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
  const outgoing = state.signer.write(draftOf(name, content, { now, net: state.net, ...address }))
  turn.effects.push({ do: 'send', link, outgoing })
  return outgoing.event.id
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
  stray(turn, link, message.text.length)
}

/**
 * Bytes that belong to no accepted job: a key that is not known may send some of them a second
 * (bounds `strayBytesPerSecond`); beyond, its door counts offences and hangs up.
 */
export const stray = (turn: Turn, link: LinkId, bytes: number): void => {
  const { keyOf, limits } = turn.state
  const key = keyOf.get(link)
  if (key && !isKnown(limits, key)) turn.effects.push({ do: 'stray', link, bytes })
}
