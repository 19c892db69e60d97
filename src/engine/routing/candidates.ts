import type { UnixMs } from '../base/clock.ts'
import type { Msat } from '../base/money.ts'
import { maxUnits } from '../metering/bounds.ts'
import { ceilingOf } from '../metering/cost.ts'
import { matches, taskMatches } from '../metering/pattern.ts'
import { rowFits, rowOf } from '../metering/rows.ts'
import type { Ask } from '../protocol/ask.ts'
import type { Unit, Units } from '../protocol/fields.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import type { NoOffer } from '../protocol/offers.ts'
import type { Sheet, SheetRow } from '../protocol/sheet.ts'
import type { Ticket, TicketEntry } from '../protocol/ticket.ts'
import { whereFlaw } from '../protocol/where.ts'
import { type PaymentRule, admittedTimings } from './payment.ts'
import { type Near, newNear, noOfferOf, noteNear } from './no-offer.ts'

/** A ticket that a router has. */
export type HeldTicket = {
  id: EventId
  node: PubKey
  /** The same object in all tickets that say so: a router has thousands. */
  ticket: Omit<Ticket, 'slot' | 'key'>
  expires: UnixMs
  /** For whom it is held, and until when; null when it is free. */
  heldFor: PubKey | null
  heldUntil: UnixMs | null
  /** The sheet that the ticket's entries name. */
  sheet: Sheet
  /** The node's link comes from this machine or a private network. */
  local: boolean
}

/** A ticket that can serve an ask, with the entry that does. */
export type Candidate = Readonly<{ held: HeldTicket; offer: Offer }>

/** The cheapest entry of a ticket that fits: the same object for tickets that say the same. */
export type Offer = Priced &
  Readonly<{
    /** Index into the ticket's entries. */
    entry: number
  }>

export type Found = Readonly<{ fitting: Candidate[]; none: NoOffer | null }>

type Context = Readonly<{
  now: UnixMs
  /** How long a ticket must still hold. */
  holdMs: number
  /** Every ticket there is: read only to say what is offered instead. */
  all: Iterable<HeldTicket>
  /** The router that offers, and who runs it. */
  router: PubKey
  operator: PubKey | null
  /** Which payment it asks for. */
  payment: PaymentRule
}>

/** Tickets of one node and model that are worth keeping: the slot itself and places behind it. */
const PER_NODE_AND_MODEL = 3

/**
 * The tickets that can serve an ask: right task and model, within the entry's limits, under the
 * cap, by a node that may serve, not held for another and not about to expire. Exact: what
 * is left out could not serve it; but of each node and model only the three lowest places are kept.
 * @param tickets those that could serve the task: an index by task is enough
 * @returns the fitting ones, each ticket once, with its cheapest entry; or why there is none, which
 *   is the last filter that let nothing through, with what there is instead
 */
export const candidates = (ask: Ask, tickets: Iterable<HeldTicket>, context: Context): Found => {
  const priceOf = pricing(ask)
  const near = newNear()
  const places: Places = new Map()
  let last: Judged | null = null
  for (const held of tickets) {
    const free = isFree(held, context)
    // Of thousands of tickets most say what the one before them says, and fit as it does.
    const offer: Offer | null =
      last && last.free === free && saysTheSame(last.held, held)
        ? last.offer
        : bestEntry(ask, held, free, context, priceOf, near)
    last = { held, free, offer }
    if (offer) keepLowest(places, { held, offer })
  }
  const fitting: Candidate[] = []
  for (const models of places.values()) for (const kept of models.values()) fitting.push(...kept)
  return { fitting, none: fitting.length > 0 ? null : noOfferOf(near, context.all) }
}

type Judged = Readonly<{ held: HeldTicket; free: boolean; offer: Offer | null }>

const saysTheSame = (a: HeldTicket, b: HeldTicket): boolean =>
  a.ticket === b.ticket && a.node === b.node && a.sheet === b.sheet && a.local === b.local

type Priced = Readonly<{
  row: SheetRow
  /** Most of each unit that the row charges for. */
  max: Units
  ceiling: Msat
}>
type PriceOf = (held: HeldTicket, entry: TicketEntry) => Priced | null

/** The candidates of each node and model, the lowest place first. */
type Places = Map<PubKey, Map<string, Candidate[]>>

/** The cheapest entry of a ticket that fits, or null; notes in `near` how far the others came. */
const bestEntry = (
  ask: Ask,
  held: HeldTicket,
  free: boolean,
  context: Context,
  priceOf: PriceOf,
  near: Near,
): Offer | null => {
  let best: Offer | null = null
  const { entries } = held.ticket
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!
    if (!taskMatches(ask.task, entry.task)) continue
    const priced = priceOf(held, entry)
    if (!priced) continue
    const mayServe = passes(ask, held, entry, context)
    const payable = isPayable(held, priced, context)
    const step = stepOf(ask, entry, priced, { payable, mayServe, free })
    if (step !== null) noteNear(near, step, held, entry, priced.ceiling)
    else if (!best || priced.ceiling < best.ceiling) best = { ...priced, entry: index }
  }
  return best
}

/** The filter that an entry does not pass, in the order of `NoOffer.why`; null when it passes all. */
const stepOf = (
  ask: Ask,
  entry: TicketEntry,
  priced: Priced,
  { payable, mayServe, free }: Readonly<{ payable: boolean; mayServe: boolean; free: boolean }>,
): NoOffer['why'] | null => {
  const { models, sizes, cap } = ask
  const { limits } = entry
  if (models.length > 0 && !models.some((model) => matches(model, entry.model.name))) return 'model'
  if (sizes.bytes > limits.input_bytes || sizes.out_tokens > limits.out_tokens) return 'too_large'
  if (cap !== null && priced.ceiling > cap) return 'cap'
  if (!payable) return 'payment'
  if (!mayServe) return 'where'
  if (!free || entry.eta_ms > ask.deadline_ms) return 'busy'
  return null
}

/** What a router that asks for payment would refuse to place is not offered. */
const isPayable = (
  { sheet }: HeldTicket,
  { row, ceiling }: Priced,
  { payment }: Context,
): boolean =>
  payment === 'none' ||
  ceiling === 0n ||
  (sheet.pay !== undefined && row.timings.some((it) => admittedTimings(payment).includes(it)))

const passes = (
  { where }: Ask,
  { node, ticket, local }: HeldTicket,
  { model }: TicketEntry,
  { router, operator: routerOperator }: Context,
): boolean => {
  const { operator } = ticket
  const server = { node, operator, proprietary: model.proprietary, router, routerOperator }
  return (local || !where.local) && whereFlaw(where, server) === null
}

// One that is held for the asker itself is not free either: a job of its earlier ask is on the way.
const isFree = (held: HeldTicket, { now, holdMs }: Context): boolean => {
  if (held.heldFor !== null && (held.heldUntil ?? 0) > now) return false
  return held.expires >= now + holdMs
}

/**
 * Prices of entries, computed once for each sort of entry: thousands of tickets share a few. A node whose entries all
 * differ, and it may have 64,000, would make each ask search and reckon for a minute: what goes beyond some offers nothing.
 */
const pricing = (ask: Ask): PriceOf => {
  const known = new Map<
    Sheet,
    { sorts: { entry: TicketEntry; priced: Priced | null }[]; more: number }
  >()
  return ({ sheet }, entry) => {
    const its = known.get(sheet) ?? { sorts: [], more: 0 }
    const before = its.sorts.find((it) => costsTheSame(it.entry, entry))
    if (before) return before.priced
    if (its.sorts.length >= MOST_SORTS && its.more++ >= MOST_MORE) return null
    const priced = priceAt(ask, sheet, entry)
    if (its.sorts.length < MOST_SORTS && its.sorts.push({ entry, priced }) === 1)
      known.set(sheet, its)
    return priced
  }
}

/** Sorts of entries of one sheet whose price is remembered, and entries of others that are priced. */
const MOST_SORTS = 256
const MOST_MORE = 2_048

const costsTheSame = (a: TicketEntry, b: TicketEntry): boolean =>
  a.row === b.row &&
  a.warm === b.warm &&
  a.template.base === b.template.base &&
  a.template.per_message === b.template.per_message &&
  a.task === b.task &&
  a.model.name === b.model.name

/** An entry whose row is missing, or is for something else, offers nothing: no client would take it. */
const priceAt = (ask: Ask, sheet: Sheet, entry: TicketEntry): Priced | null => {
  const row = rowOf(sheet, entry.row)
  if (!row || !rowFits(row, entry.task, entry.model.name)) return null
  const max = maxUnits(Object.keys(row.rates) as Unit[], ask.sizes, entry.template)
  const price = { rates: row.rates, minimum: row.minimum, cold_surcharge: row.cold_surcharge }
  return { row, max, ceiling: ceilingOf(price, max, !entry.warm) }
}

const keepLowest = (places: Places, candidate: Candidate): void => {
  const { node } = candidate.held
  const model = entryOf(candidate).model.name
  let models = places.get(node)
  if (!models) places.set(node, (models = new Map()))
  const kept = models.get(model)
  if (!kept) return void models.set(model, [candidate])
  const at = kept.findIndex((it) => isSooner(candidate, it))
  if (at < 0 && kept.length === PER_NODE_AND_MODEL) return
  kept.splice(at < 0 ? kept.length : at, 0, candidate)
  if (kept.length > PER_NODE_AND_MODEL) kept.pop()
}

/** Of two tickets of one node and model: the lower place in the queue, then the one that holds longer. */
export const isSooner = ({ held: a }: Candidate, { held: b }: Candidate): boolean =>
  a.ticket.place !== b.ticket.place ? a.ticket.place < b.ticket.place : a.expires > b.expires

/** The entry that serves. */
export const entryOf = ({ held, offer }: Candidate): TicketEntry =>
  held.ticket.entries[offer.entry]!
