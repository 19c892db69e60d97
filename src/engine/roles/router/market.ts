import { unixMs } from '../../base/clock.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { carried } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import { NOT_REGISTERED } from '../../protocol/register.ts'
import { admitAsk, admitHold, isKnown } from '../../routing/admit.ts'
import { candidates } from '../../routing/candidates.ts'
import { admittedTimings } from '../../routing/payment.ts'
import { rank } from '../../routing/rank.ts'
import type { LinkId, WireEvent } from '../wire.ts'
import { awaitKey, onNodeBack } from './away.ts'
import { keepAsk } from './begun.ts'
import { noteClock } from './clocks.ts'
import { expiryOf, publish } from './directory.ts'
import { joinLink, newestLink } from './links.ts'
import { noneOnWire } from './none.ts'
import { fitting, sayOffers, writeOffers } from './offering.ts'
import { isLoopback } from '../../transport/addresses.ts'
import { feeFor, forgetSession } from './packs.ts'
import { endHolds, holdFor } from './holds.ts'
import { addTicket, allTickets, removeTicket, ticketsFor } from './pool.ts'
import { type NodeRecord, type Turn, accept, decline, say } from './state.ts'

/** Supply and demand: nodes register and issue tickets, clients ask and get offers. */

/** A key was proven: it gets its limits, signed, which proves ours (protocol/quota.ts). */
export const onAuthenticated = (
  turn: Turn,
  { link, key, auth, local, place, aheadMs }: Extract<WireEvent, { type: 'authenticated' }>,
): void => {
  const { state } = turn
  const before = joinLink(state, link, key)
  if (before) forgetNode(turn, link, before)
  if (before && newestLink(state, before) === undefined) {
    forgetSession(state, before)
    endHolds(turn, before)
  }
  if (local) state.local.add(link)
  state.placeOf.set(link, place)
  noteClock(turn, key, aheadMs)
  const known = isKnown(state.limits, key)
  const content = {
    probation: !known,
    asks_per_second: state.bounds.asksPerSecondUnknown,
    open_jobs: known ? state.bounds.jobsPerLink : state.bounds.openJobsUnknown,
    held_tickets: known ? state.bounds.jobsPerLink : state.bounds.heldTicketsUnknown,
    ...(state.proofs && { evidence: 'proof' as const }),
  }
  say(turn, link, 'quota', content, { to: key, about: auth })
}

/** A node is one key on one link: without either it is gone, with all its tickets. */
export const forgetNode = (turn: Turn, link: LinkId, key: PubKey): void => {
  const node = turn.state.nodes.get(key)
  if (!node || node.link !== link) return
  for (const id of node.tickets.values()) removeTicket(turn.state, id)
  turn.state.nodes.delete(key)
  // Whoever was offered its tickets may send it a job yet: that is heard, and moves on.
  if (node.offeredUntil !== null) awaitKey(turn, key, node.offeredUntil, 'node')
  log(turn, 'node.left', key)
}

export const onRegister = (turn: Turn, link: LinkId, message: Message<'register'>): void => {
  const { state } = turn
  const { body, event } = message
  const rules = { verifier: state.verifier, net: state.net }
  const manifest = carried(body.manifest, 'manifest', event, rules)
  if (isRefusal(manifest))
    return decline(turn, link, message, `invalid: manifest ${manifest.refused}`)
  const sheet = carried(body.sheet, 'sheet', event, rules)
  if (isRefusal(sheet)) return decline(turn, link, message, `invalid: sheet ${sheet.refused}`)
  if (manifest.body.role !== 'node') return decline(turn, link, message, 'invalid: not a node')
  const before = state.nodes.get(event.pubkey)
  const kept = before?.boot === body.boot ? before : undefined
  if (before) for (const id of before.tickets.values()) removeTicket(state, id)
  const node: NodeRecord = {
    key: event.pubkey,
    link,
    boot: body.boot,
    slots: Math.max(1, body.capacity.slots),
    maxTickets: Math.min(body.capacity.slots * (1 + body.capacity.queue), MAX_TICKETS_PER_NODE),
    manifest: manifest.body,
    sheets: kept?.sheets ?? new Map(),
    tickets: new Map(),
    offeredUntil: before?.offeredUntil ?? null,
    openJobs: kept && kept.link === link ? kept.openJobs : 0,
    local: state.local.has(link),
  }
  addSheet(node, sheet)
  state.nodes.set(event.pubkey, node)
  if (!kept || kept.link !== link) onNodeBack(turn, node)
  publish(turn, manifest)
  publish(turn, sheet)
  accept(turn, link, message)
  log(turn, 'node.joined', event.pubkey)
}

export const onTicket = (turn: Turn, link: LinkId, message: Message<'ticket'>): void => {
  const { state, now } = turn
  const { body, event } = message
  const node = state.nodes.get(event.pubkey)
  if (!node || node.link !== link) return decline(turn, link, message, NOT_REGISTERED)
  if (body.boot !== node.boot) return decline(turn, link, message, 'invalid: another boot')
  const sheet = body.entries[0]!.sheet
  if (!node.sheets.has(sheet)) return decline(turn, link, message, 'invalid: unknown sheet')
  if (body.entries.some((entry) => entry.sheet !== sheet))
    return decline(turn, link, message, 'invalid: entries of more than one sheet')
  const expires = expiryOf(message)
  const { ticketLifeMinMs, ticketLifeMaxMs } = state.bounds
  const life = expires === undefined ? 0 : expires - now
  // The tag counts in seconds, rounded down.
  if (expires === undefined || life < ticketLifeMinMs - 1000 || life > ticketLifeMaxMs)
    return decline(turn, link, message, 'invalid: expiration')
  const place = `${body.slot}:${body.place}`
  if (!node.tickets.has(place) && node.tickets.size >= node.maxTickets)
    return decline(turn, link, message, 'rate-limited: more tickets than capacity')
  addTicket(turn, node, message, expires)
  accept(turn, link, message)
}

export const onRevoke = (turn: Turn, link: LinkId, message: Message<'revoke'>): void => {
  for (const id of message.body.tickets)
    if (turn.state.tickets.get(id)?.node === message.event.pubkey) removeTicket(turn.state, id)
  accept(turn, link, message)
}

/** A manifest, sheet or status of one of our parties, sent on its own. */
export const onPublic = (
  turn: Turn,
  link: LinkId,
  message: Message<'manifest' | 'sheet' | 'status'>,
): void => {
  const { state } = turn
  if (state.keyOf.get(link) !== message.event.pubkey)
    return decline(turn, link, message, 'restricted: only from its author')
  if (!state.nodes.has(message.event.pubkey))
    return decline(turn, link, message, 'restricted: only of nodes that registered')
  if (message.name === 'sheet')
    addSheet(state.nodes.get(message.event.pubkey)!, message as Message<'sheet'>)
  if (message.name === 'manifest')
    state.nodes.get(message.event.pubkey)!.manifest = (message as Message<'manifest'>).body
  publish(turn, message)
  accept(turn, link, message)
}

export const onAsk = (turn: Turn, link: LinkId, message: Message<'ask'>): void => {
  const { state, now } = turn
  const refused = admitAsk(state.limits, message.event.pubkey, now, state.bounds)
  if (refused) return decline(turn, link, message, `rate-limited: ${refused}`)
  answerAsk(turn, link, message)
}

/** Looks for what it asks for, and answers with it: now, or a little later where the router has just begun. */
export const answerAsk = (turn: Turn, link: LinkId, message: Message<'ask'>): void => {
  const { state, now, random } = turn
  const { body, event } = message
  const client = event.pubkey
  if (state.draining)
    return decline(turn, link, message, 'error: this router is about to end and takes no new jobs')
  const found = candidates(body, ticketsFor(turn, body.task), {
    now,
    holdMs: state.bounds.holdMs,
    all: allTickets(state),
    router: state.signer.pubkey,
    operator: state.operator,
    payment: state.payment,
  })
  const none = noneOnWire(turn, body, found.none)
  if (keepAsk(turn, link, message, none?.why)) return
  const ranked = rank(
    found.fitting,
    { class: body.class },
    state.standings,
    (node) => ({
      jobs: state.nodes.get(node)?.openJobs ?? 0,
      slots: state.nodes.get(node)?.slots ?? 1,
    }),
    now,
    random,
  )
  const tickets = fitting(turn, ranked).map((it) => state.tickets.get(it.candidate.held.id)!)
  const offersId = sayOffers(
    turn,
    link,
    writeOffers(ranked, tickets, {
      ...feeFor(state, client),
      ...(state.payment !== 'none' && { timings: [...admittedTimings(state.payment)] }),
      ...(state.proofs && { evidence: 'proof' as const }),
      operator: state.operator,
      none,
    }),
    { to: client, about: event.id },
  )
  accept(turn, link, message)
  const first = tickets[0]
  if (!first || body.dry_run) return
  const place = placeOf(turn, link)
  const asker = { key: client, place, places: state.placeHolds }
  if (admitHold(state.limits, asker, now, state.bounds)) holdFor(turn, client, first)
  const expires = unixMs(Math.max(...tickets.map((ticket) => ticket.expires)))
  for (const { node: key, expires: until } of tickets) {
    const node = state.nodes.get(key)
    if (node) node.offeredUntil = unixMs(Math.max(node.offeredUntil ?? 0, until))
  }
  state.offers.set(offersId, { client, tickets: tickets.map((ticket) => ticket.id), expires })
  if (!state.deadlines.has(OFFERS)) lookAtOffers(turn)
}

/** Forgets offers that have expired. Most are used long before, so that each has no deadline of its own. */
export const lookAtOffers = ({ state, now }: Pick<Turn, 'state' | 'now'>): void => {
  for (const [id, { expires }] of state.offers) if (expires <= now) state.offers.delete(id)
  if (state.offers.size > 0) state.deadlines.set(OFFERS, unixMs(now + OFFERS_LOOK_MS))
}

const OFFERS = 'offers:'
const OFFERS_LOOK_MS = 10_000

/** All parties of this machine have one address: theirs are counted by key alone. */
const placeOf = ({ state }: Turn, link: LinkId): string | null => {
  const place = state.placeOf.get(link)
  return place === undefined || isLoopback(place) ? null : place
}

const addSheet = (node: NodeRecord, sheet: Message<'sheet'>): void => {
  if (node.sheets.size >= SHEETS_PER_NODE) node.sheets.delete(node.sheets.keys().next().value!)
  node.sheets.set(sheet.event.id, sheet.body)
}

const log = (turn: Turn, event: string, node: PubKey): void => {
  turn.effects.push({ do: 'log', level: 'info', event, fields: { node } })
}

const MAX_TICKETS_PER_NODE = 1000
/** Sheets that a node’s tickets may name at one time. */
const SHEETS_PER_NODE = 8
