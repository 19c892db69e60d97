import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { toHex, utf8, utf8Length } from '../../base/bytes.ts'
import { matches, taskMatches } from '../../metering/pattern.ts'
import { maxUnits } from '../../metering/bounds.ts'
import { ceilingOf } from '../../metering/cost.ts'
import { rowFits, rowOf } from '../../metering/rows.ts'
import { tagValue } from '../../protocol/event.ts'
import type { EventId } from '../../protocol/ids.ts'
import { carried, document } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import { choose, faultOfNone } from '../../spending/consent.ts'
import { findTask } from '../../tasks/catalogue.ts'
import { finishJob } from './ending.ts'
import { sendJob } from './sending.ts'
import {
  type ClientEvent,
  type ClientJob,
  type ClientTurn,
  type Offered,
  type TicketIn,
  say,
  tell,
} from './state.ts'

/** From a wish to a price: what is wanted is asked for without content, and what is offered is checked. */

export const onWish = (turn: ClientTurn, event: Extract<ClientEvent, { type: 'wish' }>): void => {
  const { state, now } = turn
  const { wish } = event
  const task = findTask(wish.task)
  const text = JSON.stringify(wish.input)
  const job: ClientJob = {
    id: event.job,
    wish,
    task,
    // Only what the task bills: an embedding has no output tokens to bound.
    sizes: {
      ...task.sizes(wish.input),
      out_tokens: task.units.includes('out_token') ? wish.outTokens : 0,
    },
    dryRun: event.dryRun,
    plaintext: utf8(text),
    phase: 'waiting',
    askId: null,
    offersMessage: null,
    tickets: [],
    offers: [],
    contentKey: new Uint8Array(),
    body: [],
    bodyHash: '',
    attempt: null,
    started: false,
    resend: false,
    deltas: [],
    finish: null,
    fault: null,
    times: { asked: now, offered: null, accepted: null, first: null },
  }
  state.jobs.set(job.id, job)
  if (utf8Length(text) > state.bounds.inputBytes)
    return finishJob(turn, job, tooLarge(utf8Length(text), state.bounds.inputBytes))
  state.deadlines.set(`deadline:${job.id}`, unixMs(now + wish.deadlineMs))
  if (state.link !== null) ask(turn, job)
}

/** The link stands: everything that waited for it asks now. */
export const askAll = (turn: ClientTurn): void => {
  for (const job of turn.state.jobs.values()) if (job.phase === 'waiting') ask(turn, job)
}

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
  job.phase = 'pricing'
  const { none, entries } = message.body
  if (none && entries.length === 0) return finishJob(turn, job, faultOfNone(none, askOf(job)))
  const missing = new Set<EventId>()
  job.tickets = ticketsIn(turn, message)
  for (const { entry } of job.tickets) if (!state.sheets.has(entry.sheet)) missing.add(entry.sheet)
  if (missing.size === 0) return price(turn, job)
  const filter = { ids: [...missing] }
  turn.effects.push({ do: 'query', job: job.id, link: state.link!, filter })
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
  const job = state.jobs.get(event.job)
  if (job?.phase === 'pricing') price(turn, job)
}

/** Everything that is offered, checked and priced; then one is taken, or none. */
const price = (turn: ClientTurn, job: ClientJob): void => {
  const message = job.offersMessage!
  job.offers = job.tickets.flatMap((it) => offered(turn, job, it) ?? [])
  if (job.offers.length === 0)
    return finishJob(
      turn,
      job,
      new Fault('verification', 'offers.invalid', 'the router offered tickets that do not hold', {
        hint: 'ask another router with --router',
      }),
    )
  const choice = choose({ entries: job.offers, none: message.body.none }, askOf(job))
  const lines = job.offers.map((it) => ({
    node: it.node,
    model: it.entry.model.name,
    ceiling: it.ceiling,
    firstMs: it.firstMs,
    reason: it.reason,
    warm: it.entry.warm,
  }))
  if (choice instanceof Error) return finishJob(turn, job, choice)
  const { ceiling } = job.offers[choice.chosen]!
  tell(turn, job, { type: 'offers', lines, ceiling, inputBytes: job.sizes.bytes })
  if (job.dryRun) return finishJob(turn, job, null)
  sendJob(turn, job, job.offers[choice.chosen]!, null)
}

const ask = (turn: ClientTurn, job: ClientJob): void => {
  const { state, now } = turn
  const content = askOf(job)
  const event = say(
    turn,
    'ask',
    {
      ...content,
      nonce: toHex(turn.random.bytes(16)),
      cap: content.cap === null ? null : String(content.cap),
    },
    { to: state.router, expires: unixMs(now + state.bounds.askLifeMs) },
  )
  job.phase = 'asking'
  job.askId = event.id
  state.byAsk.set(event.id, job.id)
  state.deadlines.set(`ask:${job.id}`, unixMs(now + ASK_WITHIN_MS))
}

const askOf = (job: ClientJob) => ({
  task: job.wish.task,
  models: [...job.wish.models],
  sizes: job.sizes,
  cap: job.wish.cap,
  deadline_ms: job.wish.deadlineMs,
  class: job.wish.class,
  where: job.wish.where,
  dry_run: job.dryRun,
})

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
  const { allow, deny } = wish.where
  if (deny.includes(node) || (allow.length > 0 && !allow.includes(node))) return undefined
  const { limits } = it.entry
  if (sizes.bytes > limits.input_bytes || sizes.out_tokens > limits.out_tokens) return undefined
  const max = maxUnits(task.units, sizes, it.entry.template)
  return { ...it, node, sheet, row, max, ceiling: ceilingOf(row, max, !it.entry.warm) }
}

const tooLarge = (bytes: number, limit: number): Fault =>
  new Fault(
    'data',
    'input.too_large',
    `the input is ${bytes.toLocaleString('en-US')} bytes, ${limit.toLocaleString('en-US')} is the most that a job can carry`,
    { hint: 'cut it into smaller parts' },
  )

/** How long a router may take to answer an ask. */
export const ASK_WITHIN_MS = 5_000
const SHEETS_KEPT = 1_000
