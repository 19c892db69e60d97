import type { EventId } from '../../protocol/ids.ts'
import type { HeldTicket } from '../../routing/candidates.ts'
import type { LinkId } from '../wire.ts'

/**
 * A ticket that is free or held, with the text of the event that proves it as it stands in the content of
 * offers: within a string of JSON. The event itself is not kept: nothing of it is written anew.
 */
export type PoolTicket = HeldTicket & {
  link: LinkId
  /** `slot:place`: what it stands for at its node. */
  seat: string
  quoted: string
  alike: Alike
}

/** Tickets of one node that differ in slot and life alone: what fits one fits all. */
export type Alike = {
  readonly key: string
  /** Those that nobody holds; the last lives longest. */
  readonly free: EventId[]
  /** A router under load has hundreds of these, which no ask should look through. */
  readonly held: Set<EventId>
}
