import type { Signed } from '../protocol/event.ts'
import type { RawFrame } from '../protocol/frames.ts'
import type { EventId, PaymentHash, PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import type { MoneyChange } from '../storage/money-store.ts'
import type { Kept, Observation } from '../storage/store.ts'
import type { Outgoing } from '../transport/link.ts'

/** A link by its number: minds know no sockets. */
export type LinkId = number

/** What every role hears from its links and its store. */
export type WireEvent =
  /**
   * `local`: the far side's address is on this machine or a private network, as far as a door sees.
   * `place`: what its address is counted by, and `aheadMs`: by how much its clock is ahead of ours, at a door.
   */
  | Readonly<{
      type: 'authenticated'
      link: LinkId
      key: PubKey
      auth: EventId
      local: boolean
      place: string
      aheadMs: number
    }>
  /** An event whose proof holds and that was refused by its time: one of the clocks is off. */
  | Readonly<{ type: 'untimely'; link: LinkId; event: Signed }>
  /** An event whose proof holds and that is of another network than ours. */
  | Readonly<{ type: 'foreign'; link: LinkId; event: Signed }>
  | Readonly<{ type: 'message'; link: LinkId; message: Message }>
  | Readonly<{ type: 'frame'; link: LinkId; frame: RawFrame }>
  | Readonly<{ type: 'closed'; link: LinkId; reason: string }>
  | Readonly<{ type: 'kept'; id: EventId }>
  /** The store has another receipt of that key for that job and ticket, and did not take this one. */
  | Readonly<{ type: 'unkept'; id: EventId }>
  /** What a `commit` wrote is on the disk. */
  | Readonly<{ type: 'committed'; id: number }>
  /** What a `commit` was to write is not: the ledger has an invoice of this hash, which another process wrote. */
  | Readonly<{ type: 'unwritten'; id: number; hash: PaymentHash }>
  /** Something that was set in `deadlines` is due. */
  | Readonly<{ type: 'tick' }>

export type Unwritten = Extract<WireEvent, { type: 'unwritten' }>

/** What every role can want done. Loops perform these in order (loop.ts). */
export type WireEffect =
  | Readonly<{ do: 'send'; link: LinkId; outgoing: Outgoing }>
  | Readonly<{ do: 'frame'; link: LinkId; bytes: Uint8Array }>
  | Readonly<{
      do: 'answer'
      link: LinkId
      id: EventId
      accepted: boolean
      message: string
      /** It was taken before; this says that it is on disk. */
      late?: true
    }>
  /** An event is accepted, and answered when it is on disk. */
  | Readonly<{ do: 'taken'; link: LinkId }>
  /** So many bytes came that belong to no accepted job; less than 0: they did after all. */
  | Readonly<{ do: 'stray'; link: LinkId; bytes: number }>
  | Readonly<{ do: 'close'; link: LinkId; reason: string }>
  /** Commit; a `kept` event follows. */
  | Readonly<{ do: 'keep'; kept: Kept }>
  /** Writes rows that count money, all or none; a `committed` event follows. */
  | Readonly<{ do: 'commit'; id: number; changes: readonly MoneyChange[] }>
  | Readonly<{ do: 'observe'; observation: Observation }>
  | Readonly<{ do: 'log'; level: 'info' | 'warn'; event: string; fields: LogFields }>

/** Named and typed, never free text from outside: no prompt, key or answer fits in here. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | null>>

/**
 * What a mind returns. Minds change the state they are given and return it: it moves through
 * `decide`, so nobody may keep the old one. Copying a router's 10,000 tickets for each event
 * would cost more than all its signatures. Same state, event, time and draws: same decision.
 */
export type Decision<State, Effect> = { state: State; effects: Effect[] }
