import { BOUNDS } from '../../base/bounds.ts'
import { sha256Hex } from '../../base/bytes.ts'
import type { UnixMs } from '../../base/clock.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import { quotedText } from '../../protocol/json.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Ticket } from '../../protocol/ticket.ts'
import type { Alike, PoolTicket } from './pool-ticket.ts'
import type { NodeRecord, RouterState, Turn } from './state.ts'

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
  const seat = `${body.slot}:${body.place}`
  const older = state.tickets.get(node.tickets.get(seat) ?? event.id)
  // One that is held stays usable for whom it is held: the node honours both until they expire.
  if (older && isHeld(older, now)) unlist(state, older)
  else if (older) removeTicket(state, older.id)
  const alike = alikeOf(state, body, node)
  // What they say is the same in all, and kept once.
  const { ticket: said } = state.tickets.get(anyOf(alike)!) ?? { ticket: body }
  const ticket: PoolTicket = {
    id: event.id,
    node: node.key,
    link: node.link,
    ticket: said,
    seat,
    sheet,
    local: node.local,
    expires,
    heldFor: null,
    heldUntil: null,
    quoted: quotedText(message.text),
    alike,
  }
  node.tickets.set(seat, event.id)
  state.tickets.set(event.id, ticket)
  list(state, ticket)
  state.deadlines.set(`ticket:${event.id}`, expires)
}

/** Takes a ticket out: used, expired, replaced, revoked or its node gone. */
export const removeTicket = (state: RouterState, id: EventId): PoolTicket | undefined => {
  const ticket = state.tickets.get(id)
  if (!ticket) return undefined
  if (ticket.heldFor !== null) forgetHold(state, ticket)
  unlist(state, ticket)
  state.tickets.delete(id)
  state.deadlines.clear(`ticket:${id}`)
  const node = state.nodes.get(ticket.node)
  if (node?.tickets.get(ticket.seat) === id) node.tickets.delete(ticket.seat)
  return ticket
}

/** Holds a ticket for a client, until then or `endHold`: nobody else is offered it. */
export const hold = (
  state: RouterState,
  ticket: PoolTicket,
  client: PubKey,
  until: UnixMs,
): void => {
  if (ticket.heldFor !== null) forgetHold(state, ticket)
  ticket.heldFor = client
  ticket.heldUntil = until
  const { free, held } = ticket.alike
  const at = free.lastIndexOf(ticket.id)
  if (at >= 0) free.splice(at, 1)
  if (at >= 0) held.add(ticket.id)
  state.deadlines.set(`hold:${ticket.id}`, until)
}

/** It is nobody's any more, and offered again where no newer one took its place. */
export const endHold = (state: RouterState, ticket: PoolTicket): void => {
  forgetHold(state, ticket)
  ticket.heldFor = null
  ticket.heldUntil = null
  if (!ticket.alike.held.delete(ticket.id)) return
  insert(state, ticket)
}

const forgetHold = (state: RouterState, { id, heldFor }: PoolTicket): void => {
  const its = heldFor === null ? undefined : state.holds.get(heldFor)
  its?.delete(id)
  if (its?.size === 0) state.holds.delete(heldFor!)
  state.deadlines.clear(`hold:${id}`)
}

/** The tickets of a node that say the same but for their slot and key, none before the first. */
const alikeOf = (state: RouterState, body: Ticket, node: NodeRecord): Alike => {
  const key = sha256Hex(`${node.key} ${JSON.stringify({ ...body, slot: 0, key: '' })}`)
  return state.alike.get(key) ?? { key, free: [], held: new Set() }
}

/** One of them. */
const anyOf = ({ free, held }: Alike): EventId | undefined =>
  free.at(-1) ?? held.values().next().value

const list = (state: RouterState, ticket: PoolTicket): void => {
  const { alike } = ticket
  insert(state, ticket)
  if (alike.free.length + alike.held.size > 1) return
  state.alike.set(alike.key, alike)
  for (const task of tasksOf(ticket.ticket))
    state.byTask.set(task, (state.byTask.get(task) ?? new Set()).add(alike))
}

const insert = (state: RouterState, { id, expires, alike: { free } }: PoolTicket): void => {
  const later = free.findLastIndex((it) => state.tickets.get(it)!.expires <= expires)
  free.splice(later + 1, 0, id)
}

/** Offers a ticket to nobody any more. */
const unlist = (state: RouterState, { id, alike, ticket }: PoolTicket): void => {
  const at = alike.free.lastIndexOf(id)
  if (at >= 0) alike.free.splice(at, 1)
  else if (!alike.held.delete(id)) return
  if (alike.free.length + alike.held.size > 0) return
  state.alike.delete(alike.key)
  for (const task of tasksOf(ticket)) {
    const listed = state.byTask.get(task)
    listed?.delete(alike)
    if (listed?.size === 0) state.byTask.delete(task)
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

/**
 * The tickets that could serve a task, for the exact filter to choose from: of those that are alike
 * the three that are free and live longest, or one that is not. A router has thousands of them.
 */
export const ticketsFor = ({ state, now }: Turn, task: string): PoolTicket[] => {
  const found: PoolTicket[] = []
  for (const alike of state.byTask.get(bareTask(task)) ?? []) {
    const { free } = alike
    const before = found.length
    for (let i = free.length - 1; i >= 0 && found.length < before + OF_ALIKE; i--) {
      const ticket = state.tickets.get(free[i]!)!
      if (ticket.expires < now + state.bounds.holdMs) break
      found.push(ticket)
    }
    if (found.length === before) found.push(state.tickets.get(anyOf(alike)!)!)
  }
  return found
}

/** What all tickets offer, for the answer to somebody who asked for something else. */
export const allTickets = (state: RouterState): Iterable<PoolTicket> => state.tickets.values()

const tasksOf = ({ entries }: PoolTicket['ticket']): Set<string> =>
  new Set(entries.map((entry) => bareTask(entry.task)))

/** As many as an answer has entries. */
const OF_ALIKE = BOUNDS.offers

/** `text.chat` of `text.chat@1`: what tickets are found by. */
const bareTask = (task: string): string => task.split('@', 1)[0]!
