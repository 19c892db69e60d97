import type { UnixMs } from '../../base/clock.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { NodeRecord, PoolTicket, RouterState, Turn } from './state.ts'
import { bareTask } from './state.ts'

/** The tickets a router has: what it can place jobs on. */

/** Puts a ticket into the pool in place of the older one for the same slot and place. */
export const addTicket = (
  { state, now }: Pick<Turn, 'state' | 'now'>,
  node: NodeRecord,
  message: Message<'ticket'>,
  expires: UnixMs,
): void => {
  const { body, event } = message
  const sheet = node.sheets.get(body.entries[0]!.sheet)
  if (!sheet) return
  const place = `${body.slot}:${body.place}`
  const older = state.tickets.get(node.tickets.get(place) ?? event.id)
  // One that is held stays usable for whom it is held: the node honours both until they expire.
  if (older && isHeld(older, now)) unlist(state, older)
  else if (older) removeTicket(state, older.id)
  const ticket: PoolTicket = {
    id: event.id,
    node: node.key,
    link: node.link,
    ticket: body,
    sheet: sheet.body,
    expires,
    heldFor: null,
    heldUntil: null,
    message,
  }
  node.tickets.set(place, event.id)
  state.tickets.set(event.id, ticket)
  for (const task of tasksOf(ticket)) {
    const ids = state.byTask.get(task) ?? new Set()
    state.byTask.set(task, ids.add(event.id))
  }
  state.deadlines.set(`ticket:${event.id}`, expires)
}

/** Takes a ticket out: used, expired, replaced, revoked or its node gone. */
export const removeTicket = (state: RouterState, id: EventId): PoolTicket | undefined => {
  const ticket = state.tickets.get(id)
  if (!ticket) return undefined
  state.tickets.delete(id)
  state.deadlines.clear(`ticket:${id}`)
  const node = state.nodes.get(ticket.node)
  const place = `${ticket.ticket.slot}:${ticket.ticket.place}`
  if (node?.tickets.get(place) === id) node.tickets.delete(place)
  unlist(state, ticket)
  return ticket
}

/** Offers a ticket to nobody any more. */
const unlist = (state: RouterState, ticket: PoolTicket): void => {
  for (const task of tasksOf(ticket)) {
    const ids = state.byTask.get(task)
    ids?.delete(ticket.id)
    if (ids?.size === 0) state.byTask.delete(task)
  }
}

const isHeld = (ticket: PoolTicket, now: UnixMs): boolean =>
  ticket.heldFor !== null && (ticket.heldUntil ?? 0) > now

/** A ticket that this client may use now: there, not expired, not held for somebody else. */
export const usable = (
  state: RouterState,
  id: EventId,
  client: PubKey,
  now: UnixMs,
): PoolTicket | undefined => {
  const ticket = state.tickets.get(id)
  if (!ticket || ticket.expires <= now) return undefined
  if (state.nodes.get(ticket.node)?.link !== ticket.link) return undefined
  return isHeld(ticket, now) && ticket.heldFor !== client ? undefined : ticket
}

/** The tickets that could serve a task, for the exact filter to choose from. */
export const ticketsFor = (state: RouterState, task: string): Iterable<PoolTicket> =>
  [...(state.byTask.get(bareTask(task)) ?? [])].map((id) => state.tickets.get(id)!)

/** What all tickets offer, for the answer to somebody who asked for something else. */
export const allTickets = (state: RouterState): Iterable<PoolTicket> => state.tickets.values()

const tasksOf = (ticket: PoolTicket): Set<string> =>
  new Set(ticket.ticket.entries.map((entry) => bareTask(entry.task)))
