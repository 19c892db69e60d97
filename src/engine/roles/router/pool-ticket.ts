import type { EventId } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { HeldTicket } from '../../routing/candidates.ts'
import type { LinkId } from '../wire.ts'

/** A ticket that is free or held, with the event that proves it. */
export type PoolTicket = HeldTicket & { link: LinkId; message: Message<'ticket'>; alike: Alike }

/** Tickets of one node that differ in slot and life alone: what fits one fits all. The last lives longest. */
export type Alike = { readonly key: string; readonly ids: EventId[] }
