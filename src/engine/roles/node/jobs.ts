import { concat, sha256, toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { openInput } from '../../identity/frame-seal.ts'
import { openWrap } from '../../identity/seal.ts'
import { maxUnits, withinMax } from '../../metering/bounds.ts'
import { ceilingOf } from '../../metering/cost.ts'
import { rowOf } from '../../metering/rows.ts'
import type { Credit, Frame } from '../../protocol/frames.ts'
import { encodeCredit, encodeFrame, jobTagOf } from '../../protocol/frames.ts'
import { decodeSealed } from '../../protocol/payload.ts'
import type { EventId } from '../../protocol/ids.ts'
import type { JobRefusal } from '../../protocol/progress.ts'
import { findTask } from '../../tasks/catalogue.ts'
import { ReadWindow, WriteWindow } from '../../transport/flow.ts'
import type { LinkId } from '../wire.ts'
import { drawOf, reserveFor } from './charging.ts'
import { holdDeadline, holdOf } from './hold-job.ts'
import { mayHaveJob } from './owing.ts'
import { hear } from './reach.ts'
import { conclude } from './records.ts'
import { start } from './slots.ts'
import { type JobMessage, type NodeJob, type NodeTurn, say, tell, unitsWire } from './state.ts'
import type { IssuedTicket } from './supply.ts'
import { issueFor, stopRenewal } from './tickets.ts'

/** Taking a job: the ticket, the terms, the sealed input, and a runner that is free. */

export const onJob = (turn: NodeTurn, link: LinkId, message: JobMessage): void => {
  const taken = take(turn, link, message)
  if (typeof taken !== 'string') return accepted(turn, taken)
  giveAgain(turn, message.body.ticket)
  const { job, ticket } = message.body
  const content = { status: 'refused', job, ticket, reason: taken } as const
  say(turn, link, 'progress', content, { to: message.event.pubkey, about: message.event.id })
}

/** The router has taken the ticket out: its place is free, so it gets another one at once. */
const giveAgain = (turn: NodeTurn, id: NodeJob['ticket']): void => {
  const ticket = turn.state.tickets.get(id)
  if (!ticket || ticket.used || turn.state.occupied.has(ticket.place)) return
  ticket.used = true
  stopRenewal(turn, ticket.place)
  issueFor(turn, ticket.runner)
}

/** One frame of sealed input. The last one makes the whole, and starts the work. */
export const onInput = (turn: NodeTurn, job: NodeJob, frame: Frame): void => {
  if (job.phase !== 'input') return
  const { ready, credit, overWindow } = job.reader.arrived(frame, turn.now)
  if (overWindow) return refuseInput(turn, job, 'too_large')
  if (ready.length > 0) awaitBody(turn, job)
  job.sealed.push(...ready.map(({ bytes }) => bytes))
  for (const { bytes } of ready) job.sealedBytes += bytes.length
  const { size } = job.body.body
  // In frames of nothing it would be millions of pieces to keep and to put together.
  if (job.sealedBytes > size || job.sealed.length > 16 + size / 1_024)
    return refuseInput(turn, job, 'too_large')
  if (job.sealedBytes === size) return openBody(turn, job)
  creditInput(turn, job, credit)
  const due = job.reader.dueAt()
  if (due !== undefined) turn.state.deadlines.set(`input:${job.tag}`, due)
}

/** Lets the client send more of a large body. */
export const creditInput = (turn: NodeTurn, job: NodeJob, credit: Credit | null): void => {
  if (!credit || job.phase !== 'input') return
  const bytes = encodeCredit(job.secrets.credit, job.tag, 'inputCredit', credit)
  const frame = { type: 'inputCredit', last: false, tag: job.tag, seq: credit.next, bytes } as const
  turn.effects.push({ do: 'frame', link: job.link, bytes: encodeFrame(frame) })
}

/** Every way in which a job is not taken, in the order in which a node can tell. */
const take = (turn: NodeTurn, link: LinkId, message: JobMessage): NodeJob | JobRefusal => {
  const { state, now } = turn
  const { body, event } = message
  const ticket = state.tickets.get(body.ticket)
  if (!ticket) return 'restarted'
  if (ticket.link !== link) return 'policy'
  if (ticket.used) return 'used'
  if (ticket.expires <= now) return 'expired'
  const tag = jobTagOf(body.job, body.ticket)
  if (state.cancelled.has(`${tag} ${event.pubkey}`)) return 'cancelled'
  if (state.occupied.has(ticket.place)) return 'busy'
  const entry = ticket.entries.find(
    (it) =>
      it.task === body.task &&
      it.model.name === body.model &&
      it.sheet === body.sheet &&
      it.row === body.row,
  )
  const row = entry && rowOf(ticket.sheet, entry.row)
  if (!entry || !row || !row.timings.includes(body.timing)) return 'policy'
  if (body.body.size > entry.limits.input_bytes * JSON_GROWTH + SEALING_SLACK) return 'too_large'
  if ((body.max.out_token ?? 0) > entry.limits.out_tokens) return 'too_large'
  if (body.ceiling < ceilingOf(row, body.max, !entry.warm)) return 'policy'
  const address = { job: body.job, ticket: body.ticket, client: event.pubkey }
  const opened = openWrap({ secret: ticket.secret, wrap: body.wrap, ...address })
  if (!opened) return 'policy'
  const draw = drawOf(turn, message, opened.draw)
  if (typeof draw === 'string') return draw
  if (!mayHaveJob(turn, draw?.event.pubkey ?? event.pubkey)) return 'policy'
  const job = newJob(turn, message, ticket, { ...opened, entry, row })
  if (draw && body.timing === 'hold') {
    const hold = holdOf(turn, state.till!, message, draw, entry.eta_ms)
    if (typeof hold === 'string') return hold
    hear(state.till!, { payer: draw.event.pubkey, ref: body.job }, { link, client: event.pubkey })
    job.hold = hold
  } else {
    const unfunded = draw && reserveFor(turn, job, draw)
    if (unfunded) return unfunded
  }
  ticket.used = true
  return job
}

const newJob = (
  turn: NodeTurn,
  { body, event }: JobMessage,
  ticket: IssuedTicket,
  opened: Pick<NodeJob, 'entry' | 'row' | 'contentKey' | 'secrets'>,
): NodeJob => ({
  ...opened,
  id: body.job,
  tag: jobTagOf(body.job, body.ticket),
  ticket: body.ticket,
  event,
  link: ticket.link,
  router: turn.state.routers.get(ticket.link)!.key,
  client: event.pubkey,
  body,
  runner: ticket.runner,
  place: ticket.place,
  phase: 'input',
  occupies: false,
  forgotten: false,
  started: false,
  sealed: [],
  sealedBytes: 0,
  inputHash: new Uint8Array(32),
  work: null,
  prefill: {},
  chargePrefill: false,
  reader: new ReadWindow(turn.state.routers.get(ticket.link)!.budget, turn.state.bounds),
  writer: new WriteWindow(turn.state.bounds.windowBytes, turn.state.bounds.windowBytesMax),
  pending: [],
  pendingBytes: 0,
  usage: {},
  countedBy: 'node',
  model: body.model,
  paused: false,
  end: null,
  frames: [],
  paid: 0n,
  sentLast: false,
  outputBytes: 0,
  receipt: null,
  sync: null,
  waitsUntil: null,
  acceptedAt: turn.now,
  firstAt: null,
  draw: null,
  hold: null,
})

const accepted = (turn: NodeTurn, job: NodeJob): void => {
  const { state, now } = turn
  state.jobs.set(job.tag, job)
  state.occupied.set(job.place, job.tag)
  stopRenewal(turn, job.place)
  // A client chooses its deadline, but not to keep a place for a year.
  const longest = now + Math.min(job.body.deadline_ms, MAX_JOB_MS)
  const latest = job.hold ? Math.min(longest, holdDeadline(state.till!, job.hold)) : longest
  state.deadlines.set(`deadline:${job.tag}`, unixMs(latest))
  awaitBody(turn, job)
  sayAccepted(turn, job)
}

/** Says that the job is taken, on its own terms; again where a sync (`answers`) shows that it may be lost. */
export const sayAccepted = (turn: NodeTurn, job: NodeJob, answers?: EventId): void => {
  const { body } = job
  const content = {
    status: 'accepted',
    job: body.job,
    ticket: body.ticket,
    sheet: body.sheet,
    row: body.row,
    max: unitsWire(body.max),
    ceiling: String(body.ceiling),
    timing: body.timing,
    funded: job.draw !== null || job.hold !== null,
    eta_ms: job.entry.eta_ms,
  } as const
  tell(turn, job, content, answers)
}

/** A body must come, and go on coming: whoever takes a place and sends nothing loses it. */
export const awaitBody = ({ state, now }: NodeTurn, job: NodeJob): void =>
  state.deadlines.set(`body:${job.tag}`, unixMs(now + state.bounds.lastCreditWithinMs))

const openBody = (turn: NodeTurn, job: NodeJob): void => {
  if (toHex(sha256(concat(...job.sealed))) !== job.body.body.sha256)
    return refuseInput(turn, job, 'hash')
  const parts: Uint8Array[] = []
  for (const [seq, bytes] of job.sealed.entries()) {
    const part = openInput(job.contentKey, job.id, seq, bytes)
    if (!part) return refuseInput(turn, job, 'sealed')
    parts.push(part)
  }
  job.sealed = []
  job.reader.close()
  turn.state.deadlines.clear(`body:${job.tag}`)
  const plaintext = concat(...parts)
  job.inputHash = sha256(plaintext)
  const task = findTask(job.body.task)
  const input = task.input.safeParse(decodeSealed(plaintext))
  if (!input.success) return refuseInput(turn, job, 'schema')
  const sizes = { ...task.sizes(input.data), out_tokens: job.body.max.out_token ?? 0 }
  const needed = maxUnits(task.units, sizes, job.entry.template)
  if (sizes.bytes > job.entry.limits.input_bytes || !withinMax(needed, job.body.max))
    return refuseInput(turn, job, 'too_large')
  // Tokens are never fewer than an eighth of the bytes in any tokenizer we know: a floor, not a guess.
  if (job.entry.prefill) job.prefill = { in_token: Math.ceil(sizes.bytes / 8) }
  job.work = {
    task: task.name,
    model: job.body.model,
    input: input.data,
    outTokens: sizes.out_tokens,
  }
  const runner = turn.state.runners[job.runner]!
  job.phase = 'queued'
  if (runner.running < runner.slots) return start(turn, job)
  runner.waiting.push(job.tag)
  const place = runner.waiting.length
  tell(turn, job, { status: 'queued', job: job.id, ticket: job.ticket, place })
}

/** Too large, wrong hash, never whole, does not open, not the task's schema: nobody's fault, costs nothing. */
export const refuseInput = (turn: NodeTurn, job: NodeJob, reason: string): void => {
  job.end = { finish: 'error', status: 'input_refused', reason }
  conclude(turn, job)
}

/** A text in JSON is at most six times as long: every byte a \u00XX. */
const JSON_GROWTH = 6
/** What field names, GCM tags and options add. */
const SEALING_SLACK = 65_536
const MAX_JOB_MS = 24 * 3_600_000
