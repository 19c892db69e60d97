import { Fault } from '../../base/fault.ts'
import { maxUnits } from '../../metering/bounds.ts'
import { ceilingOf } from '../../metering/cost.ts'
import { matches, taskMatches } from '../../metering/pattern.ts'
import { rowFits, rowOf } from '../../metering/rows.ts'
import { tagValue } from '../../protocol/event.ts'
import type { EventId } from '../../protocol/ids.ts'
import { carried, document } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import type { NoOffer } from '../../protocol/offers.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import { whereFlaw } from '../../protocol/where.ts'
import { choose, faultOfNone } from '../../spending/consent.ts'
import { askLater, wasOffered } from './again.ts'
import { askNear, askOf } from './asking.ts'
import { finishJob } from './ending.ts'
import { firstPayable, payThenSend } from './funding.ts'
import { notePack } from './packs.ts'
import { isAfterOnly } from './credit.ts'
import { isNearUnknown, isPaidAlone, noneAt, priceAt } from './price.ts'
import { noteEvidence } from './proving.ts'
import type { Offered, TicketIn } from './offered.ts'
import { type ClientEvent, type ClientJob, type ClientTurn, tell } from './state.ts'

/** What is offered is checked and priced; then one is taken, or none. */

export const onOffers = (turn: ClientTurn, message: Message<'offers'>): void => {
  const { state, now } = turn
  if (message.event.pubkey !== state.router) return
  const id = state.byAsk.get(tagValue(message.event, 'e') as EventId)
  const job = id && state.jobs.get(id)
  if (!job || job.phase !== 'asking') return
  state.byAsk.delete(job.askId!)
  state.deadlines.clear(`ask:${job.id}`)
  job.offersMessage = message
  job.times.offered = now
  notePack(turn, message)
  noteEvidence(turn, message)
  job.phase = 'pricing'
  const { none, entries } = message.body
  if (none && entries.length === 0) return onNone(turn, job, none)
  job.tickets = ticketsIn(turn, message)
  const sheets = new Set(job.tickets.map(({ entry }) => entry.sheet))
  const missing = [...sheets].filter((it) => !state.sheets.has(it))
  if (missing.length === 0) return price(turn, job)
  // Jobs that were begun together ask a door once: it answers 60 questions, and no more in that second.
  const ids = missing.filter((it) => !state.fetching.has(it))
  if (ids.length === 0) return
  for (const sheet of ids) state.fetching.set(sheet, job.id)
  turn.effects.push({ do: 'query', job: job.id, link: state.link!, filter: { ids } })
}

export const onSheets = (
  turn: ClientTurn,
  event: Extract<ClientEvent, { type: 'sheets' }>,
): void => {
  const { state } = turn
  for (const text of event.texts) {
    const sheet = document(text, { verifier: state.verifier })
    if (isRefusal(sheet) || sheet.name !== 'sheet' || tagValue(sheet.event, 'net') !== state.net)
      continue
    if (state.sheets.size >= SHEETS_KEPT) state.sheets.delete(state.sheets.keys().next().value!)
    state.sheets.set(sheet.event.id, sheet)
  }
  for (const [id, by] of state.fetching) if (by === event.job) state.fetching.delete(id)
  for (const job of state.jobs.values())
    if (job.phase === 'pricing' && !job.tickets.some((it) => state.fetching.has(it.entry.sheet)))
      price(turn, job)
}

/** Everything that is offered, checked and priced; then one is taken, or none. */
const price = (turn: ClientTurn, job: ClientJob): void => {
  const message = job.offersMessage!
  const sound = job.tickets.flatMap((it) => offered(turn, job, it) ?? [])
  // Nothing else is ever given the key: not now, and not when the router moves the job.
  job.offers = sound.filter((it) => mayServe(turn, job, it))
  if (job.offers.length === 0) {
    const unpriced = job.tickets.some(({ entry }) => !turn.state.sheets.has(entry.sheet))
    if (sound.length === 0 && unpriced)
      return askLater(turn, job, 'sheet') ? undefined : finishJob(turn, job, noSheet())
    return finishJob(turn, job, sound.length > 0 ? whereIgnored() : invalid())
  }
  const priced = job.offers.map((it) => ({ entry: it.entry, ceiling: priceAt(turn, job, it) }))
  const choice = choose({ entries: priced, none: message.body.none }, askOf(job))
  const lines = job.offers.map((it, i) => ({
    node: it.node,
    model: it.entry.model.name,
    ceiling: priced[i]!.ceiling,
    firstMs: it.firstMs,
    reason: it.reason,
    warm: it.entry.warm,
  }))
  if (choice instanceof Error) return finishJob(turn, job, choice)
  // Its router had said that none is within the cap: what it offers now is no offer.
  if (job.near) return onNone(turn, job, job.near)
  // Where none can be paid: what stands in the way of the first.
  const taken = firstPayable(turn, job, job.offers) ?? job.offers[choice.chosen]!
  const unpayable = job.unpayable.get(taken.node)
  if (unpayable) return finishJob(turn, job, unpayable)
  const ceiling = priceAt(turn, job, taken)
  job.said = ceiling
  const { fee, evidence } = message.body
  const alone = isPaidAlone(turn, job, taken)
  const after = isAfterOnly(job, taken)
  const how = { alone, after, proof: alone && evidence === 'proof' }
  tell(turn, job, { type: 'offers', lines, ceiling, fee, ...how, inputBytes: job.sizes.bytes })
  if (job.dryRun) return finishJob(turn, job, null)
  payThenSend(turn, job, taken, null)
}

/** Nothing fits. What is busy is waited for; and where it was offered once, what is gone, since it may be back. */
const onNone = (turn: ClientTurn, job: ClientJob, said: NoOffer): void => {
  const none = job.near ?? said
  const gone = wasOffered(job) && (none.why === 'task' || none.why === 'model')
  const why = none.why === 'busy' ? 'busy' : gone ? 'gone' : null
  if (why && askLater(turn, job, why)) return
  if (!job.near && isNearUnknown(turn, job, none)) return askNear(turn, job, none)
  finishJob(turn, job, faultOfNone(noneAt(turn, job, none), askOf(job)))
}

/** The tickets in offers whose signatures hold. Others are as if they were not there. */
const ticketsIn = (turn: ClientTurn, message: Message<'offers'>): TicketIn[] =>
  message.body.entries.flatMap((it) => {
    const ticket = carried(it.ticket, 'ticket', message.event, turn.state)
    if (isRefusal(ticket)) return []
    const entry = ticket.body.entries[it.entry]
    return entry ? [{ ticket, entry, reason: it.reason, firstMs: it.first_ms }] : []
  })

/** An entry with its row and its ceiling, where it is what was asked for and by one key throughout. */
const offered = (turn: ClientTurn, job: ClientJob, it: TicketIn): Offered | undefined => {
  const { wish, task, sizes } = job
  const sheet = turn.state.sheets.get(it.entry.sheet)
  const row = sheet && rowOf(sheet.body, it.entry.row)
  const node = it.ticket.event.pubkey
  if (!sheet || !row || sheet.event.pubkey !== node) return undefined
  const { name } = it.entry.model
  const wanted = wish.models.length === 0 || wish.models.some((pattern) => matches(pattern, name))
  if (!wanted || !taskMatches(wish.task, it.entry.task) || !rowFits(row, it.entry.task, name))
    return undefined
  const { limits } = it.entry
  if (sizes.bytes > limits.input_bytes || sizes.out_tokens > limits.out_tokens) return undefined
  const max = maxUnits(task.units, sizes, it.entry.template)
  return { ...it, node, sheet, row, max, ceiling: ceilingOf(row, max, !it.entry.warm) }
}

/** The router has filtered by the same function, and is not believed. */
const mayServe = ({ state }: ClientTurn, job: ClientJob, it: Offered): boolean => {
  const server = {
    node: it.node,
    operator: it.ticket.body.operator,
    proprietary: it.entry.model.proprietary,
    router: state.router,
    routerOperator: job.offersMessage!.body.operator,
  }
  return whereFlaw(job.wish.where, server) === null
}

const invalid = (): Fault =>
  new Fault('verification', 'offers.invalid', 'the router offered tickets that do not hold', {
    hint: 'ask another router with --router',
  })

/** What it offers may be sound: a sheet that never arrives proves nothing against anybody. */
const noSheet = (): Fault =>
  new Fault('again', 'offers.no_sheet', 'the router did not send the price sheet of its offers', {
    hint: 'try again, or ask another router with --router',
  })

const whereIgnored = (): Fault =>
  new Fault('verification', 'offers.where', 'the router offered only nodes that --where excludes', {
    hint: 'ask another router with --router',
  })

const SHEETS_KEPT = 1_000
