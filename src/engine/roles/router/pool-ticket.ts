import type { Signed } from '../../protocol/event.ts'
import type { EventId } from '../../protocol/ids.ts'
import type { HeldTicket } from '../../routing/candidates.ts'
import type { LinkId } from '../wire.ts'

/**
 * A ticket that is free or held, with the event that proves it and the bytes of its text as a string of
 * JSON. The text itself is not kept: a router holds thousands, and offers three at a time.
 */
export type PoolTicket = HeldTicket & { link: LinkId; event: Signed; bytes: number; alike: Alike }

/** Tickets of one node that differ in slot and life alone: what fits one fits all. The last lives longest. */
export type Alike = { readonly key: string; readonly ids: EventId[] }
