import { unixMs } from '../../base/clock.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { PoolTicket } from './pool-ticket.ts'
import type { Turn } from './state.ts'

/**
 * A soft hold on the first ticket of some offers: it lapses by itself, so that an asker who leaves costs others three
 * seconds at most; and at once with the last link of its asker. Most who leave so soon did not want the price.
 */

export const holdFor = ({ state, now }: Turn, client: PubKey, ticket: PoolTicket): void => {
  ticket.heldFor = client
  ticket.heldUntil = unixMs(now + state.bounds.holdMs)
  // As many as `admitHold` lets one key have, and those that it used up since.
  const before = (state.holds.get(client) ?? []).filter((id) => state.tickets.has(id))
  state.holds.set(client, [...before.slice(-MOST_HOLDS), ticket.id])
}

/** Nobody speaks for this key any more. */
export const endHolds = ({ state, now }: Turn, client: PubKey): void => {
  for (const id of state.holds.get(client) ?? []) {
    const ticket = state.tickets.get(id)
    // What a node keeps while it is paid for, and said so, is for the node to give up.
    const isSoft = (ticket?.heldUntil ?? 0) <= now + state.bounds.holdMs
    if (ticket?.heldFor === client && isSoft) ticket.heldFor = ticket.heldUntil = null
  }
  state.holds.delete(client)
}

const MOST_HOLDS = 1_000
