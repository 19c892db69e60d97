import type { Frame } from '../protocol/frames.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import type { Kept, Observation } from '../storage/store.ts'
import type { Outgoing } from '../transport/link.ts'

/** A link by its number: minds know no sockets. */
export type LinkId = number

/** What every role hears from its links and its store. */
export type WireEvent =
  | Readonly<{ type: 'authenticated'; link: LinkId; key: PubKey; auth: EventId }>
  | Readonly<{ type: 'message'; link: LinkId; message: Message }>
  | Readonly<{ type: 'frame'; link: LinkId; frame: Frame }>
  | Readonly<{ type: 'closed'; link: LinkId; reason: string }>
  | Readonly<{ type: 'kept'; id: EventId }>
  /** Something that was set in `deadlines` is due. */
  | Readonly<{ type: 'tick' }>

/** What every role can want done. Loops perform these in order (loop.ts). */
export type WireEffect =
  | Readonly<{ do: 'send'; link: LinkId; outgoing: Outgoing }>
  | Readonly<{ do: 'frame'; link: LinkId; bytes: Uint8Array }>
  | Readonly<{ do: 'answer'; link: LinkId; id: EventId; accepted: boolean; message: string }>
  | Readonly<{ do: 'close'; link: LinkId; reason: string }>
  /** Commit; a `kept` event follows. */
  | Readonly<{ do: 'keep'; kept: Kept }>
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
