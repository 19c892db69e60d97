import { unixMs } from '../../base/clock.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import type { PoolTicket } from './pool-ticket.ts'
import { endHold, hold } from './pool.ts'
import type { RouterState, Turn } from './state.ts'

/**
 * A soft hold on the first ticket of some offers: it lapses by itself, so that an asker who leaves costs others three
 * seconds at most; and at once with the last link of its asker. Most who leave so soon did not want the price.
 */
export const holdFor = ({ state, now }: Turn, client: PubKey, ticket: PoolTicket): void => {
  hold(state, ticket, client, unixMs(now + state.bounds.holdMs))
  state.holds.set(client, (state.holds.get(client) ?? new Set()).add(ticket.id))
}

/** It was not used in its time. */
export const onHoldOver = (state: RouterState, id: EventId): void => {
  const ticket = state.tickets.get(id)
  if (ticket) endHold(state, ticket)
}

/** Nobody speaks for this key any more. */
export const endHolds = ({ state, now }: Turn, client: PubKey): void => {
  for (const id of state.holds.get(client) ?? []) {
    const ticket = state.tickets.get(id)!
    // What a node keeps while it is paid for, and said so, is for the node to give up.
    const isSoft = ticket.heldUntil! <= now + state.bounds.holdMs
    if (isSoft) endHold(state, ticket)
  }
  state.holds.delete(client)
}
