import { toHex, utf8, utf8Length } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { jobInvoiceOf } from '../../metering/tab-top-up.ts'
import type { NoOffer } from '../../protocol/offers.ts'
import { findTask } from '../../tasks/catalogue.ts'
import { finishJob } from './ending.ts'
import { type ClientEvent, type ClientJob, type ClientTurn, say } from './state.ts'

/** What is wanted is asked for, without content. */

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
    funding: null,
    fundings: 0,
    paidSeq: new Map(),
    paidAlone: 0n,
    said: msat(0n),
    holds: new Map(),
    unfunded: 0,
    unpayable: new Map(),
    unpaid: null,
    invoices: [],
    proofs: [],
    near: null,
    started: false,
    asks: 0,
    declined: 0,
    waitsUntil: null,
    waitsFor: null,
    isOut: false,
    resend: false,
    deltas: [],
    finish: null,
    fault: null,
    times: { asked: now, offered: null, accepted: null, first: null },
  }
  state.jobs.set(job.id, job)
  if (utf8Length(text) > state.bounds.inputBytes)
    return finishJob(turn, job, tooLarge(utf8Length(text), state.bounds.inputBytes))
  // Where the node is, only the router sees; where the router is, we do.
  if (wish.where.local && !state.local) return finishJob(turn, job, notLocal())
  state.deadlines.set(`deadline:${job.id}`, unixMs(now + wish.deadlineMs))
  if (state.link !== null) ask(turn, job)
}

/** The link stands: everything that waited for it asks now. */
export const askAll = (turn: ClientTurn): void => {
  for (const job of turn.state.jobs.values()) askWaiting(turn, job)
}

/** Asks for a job that waits, where there is a link to ask on. */
export const askWaiting = (turn: ClientTurn, job: ClientJob): void => {
  if (job.phase === 'waiting' && turn.state.link !== null) ask(turn, job)
}

/** Asks at once for what the nodes that are just over the cap take: only their price sheets say. */
export const askNear = (turn: ClientTurn, job: ClientJob, near: NoOffer): void => {
  job.near = near
  askWaiting(turn, Object.assign(job, { phase: 'waiting' as const }))
}

const ask = (turn: ClientTurn, job: ClientJob): void => {
  const { state, now } = turn
  const content = { ...askOf(job), ...(job.near && nearOf(job.near)) }
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

/** What is wanted, as an ask says it. */
export const askOf = (job: ClientJob) => ({
  task: job.wish.task,
  models: [...job.wish.models],
  sizes: job.sizes,
  cap: job.wish.cap,
  deadline_ms: job.wish.deadlineMs,
  class: job.wish.class,
  where: job.wish.where,
  dry_run: job.dryRun,
})

/** Of the cheapest, at whatever its wallet counts in: nothing of it is held, since it will not be taken. */
const nearOf = ({ cheapest }: NoOffer) => ({
  cap: jobInvoiceOf(cheapest!, WHOLE_SAT),
  dry_run: true,
})

const WHOLE_SAT = msat(1_000n)

const notLocal = (): Fault =>
  new Fault('refused', 'where.not_local', 'this router is not on this machine or its network', {
    hint: 'leave --where local out, or ask a router nearby: fedai up starts one',
  })

const tooLarge = (bytes: number, limit: number): Fault =>
  new Fault(
    'data',
    'input.too_large',
    `the input is ${bytes.toLocaleString('en-US')} bytes, ${limit.toLocaleString('en-US')} is the most that a job can carry`,
    { hint: 'cut it into smaller parts' },
  )

/** How long a router may take to answer an ask. */
export const ASK_WITHIN_MS = 5_000
