import { type Signed, eventText } from '../protocol/event.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import type { Tls } from './tls.ts'

/** What became of an event that was sent. An ephemeral without OK, or with `mute:`, is unknown. */
export type Delivery =
  | Readonly<{ state: 'delivered' }>
  | Readonly<{ state: 'refused'; reason: string }>
  | Readonly<{ state: 'unknown'; reason: string }>

/** A NIP-01 filter, as far as a door answers it. */
export type Filter = Readonly<{
  ids?: readonly string[]
  authors?: readonly string[]
  kinds?: readonly number[]
  since?: number
  until?: number
  limit?: number
  [tag: `#${string}`]: readonly string[] | undefined
}>

/** What filters look at of an event. */
export type Indexed = Omit<Signed, 'content' | 'sig'>

/** An event as it goes on a link: its exact text where that is known, and what filters look at of it. */
export type Outgoing =
  Readonly<{ event: Signed; text?: undefined }> | Readonly<{ event: Indexed; text: string }>

/** The text that goes on the link. */
export const textOf = (outgoing: Outgoing): string =>
  outgoing.text === undefined ? eventText(outgoing.event) : outgoing.text

/**
 * A link carries events and frames between two processes. The same seam for a WebSocket
 * that was dialled, one that was accepted at a door, and an edge of the in-memory network.
 * Events and frames arrive in the order in which they were sent.
 */
export interface Link {
  /** Unique within this process. */
  readonly id: number
  /** Where the other side is, for messages to people. */
  readonly address: string
  /** At a door: by how much the far side's clock was ahead of ours, ms, when it proved a key there. */
  readonly aheadMs?: number
  /**
   * Sends an event. On a dialled link the promise follows the door's OK; at a door it goes to the
   * far side's matching subscription, and is `unknown` (`mute:`) where there is none.
   */
  send(outgoing: Outgoing): Promise<Delivery>
  /** Sends a frame; false when it was not taken (link closed, or too much unsent). */
  frame(bytes: Uint8Array): boolean
  /** Answers an event that came in on a door (NIP-01 OK). Nothing happens on a dialled link. */
  answer(id: EventId, accepted: boolean, message: string): void
  /**
   * An event that came in is one of those that the far side is here for: most of what it cost at a door is given
   * back. Its answer may come later, when it is on disk. Nothing happens on a dialled link.
   */
  taken(): void
  /** Counts something against the far side: after too many a door hangs up. Nothing on a dialled link. */
  offend(): void
  /**
   * Counts bytes of the far side's that belong to no accepted job, or takes them back where less than 0:
   * beyond a rate each message is an offence. Nothing on a dialled link.
   */
  stray(bytes: number): void
  /** Stored events at the far side that match, as exact texts, unchecked. Dialled links only. */
  query(filter: Filter): Promise<string[]>
  /** Bytes given to this link and not yet taken by the network. */
  unsent(): number
  close(reason: string): void
}

/** What a link tells its owner, in the order in which it happened. */
export interface LinkOwner {
  /**
   * A key was proven. At a door: the far side's, by the AUTH event `auth` (NIP-42). On a dialled link:
   * ours was accepted, and the link can be used.
   */
  authenticated(link: Link, key: PubKey, auth: EventId): void
  /** One event as its exact JSON, unchecked. */
  event(link: Link, text: string): void
  /** One binary message, unchecked. The bytes are the receiver's own. */
  frame(link: Link, bytes: Uint8Array): void
  /** The link is gone. Nothing follows. */
  closed(link: Link, reason: string): void
}

/** Something that listens, until it is closed. */
export interface Listening {
  /** What others dial: `ws://127.0.0.1:7447`. */
  readonly address: string
  /**
   * Takes another certificate for those who come from now on; links that stand are not touched.
   * Absent where nothing speaks TLS.
   * @throws Fault `config` `tls.certificate` | `tls.key` | `tls.expired`; the old one stays then
   */
  renew?(tls: Tls): void
  close(): Promise<void>
}
