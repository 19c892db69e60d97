import { z } from 'zod'
import { errorFields, event, hex, msatText, units } from '../shapes.ts'

/** What `fedai request --json` prints: one result, and with `--stream` a line for each piece before it. */

const when = z.number().nullable()

/** A router that was passed over for the next one, before anything was sent. */
export const skippedShape = z.object({
  v: z.literal(1),
  type: z.literal('skipped'),
  router: hex,
  address: z.string(),
  error: errorFields,
})

/** A node that the job left for another before its first piece; `to` is null where no other offer fits. */
const movedShape = z.object({
  v: z.literal(1),
  type: z.literal('moved'),
  from: hex.nullable(),
  to: hex.nullable(),
  reason: z.string(),
})

/** The connection to the router is lost, and looked for; or back. */
const linkShape = z.object({
  v: z.literal(1),
  type: z.literal('link'),
  state: z.enum(['lost', 'back']),
})

/** Nothing had come, and nobody has the job any more, or others hold the tab (`unfunded`): it is asked for anew. */
const againShape = z.object({
  v: z.literal(1),
  type: z.literal('again'),
  reason: z.string(),
})

/** It waits for a place, and is asked for again until then, ms since 1970. */
const waitingShape = z.object({
  v: z.literal(1),
  type: z.literal('waiting'),
  why: z.enum(['busy', 'used', 'limited', 'sheet', 'gone', 'crowded']),
  until: z.number(),
})

/** The whole result is here, locked: the node has not taken the money that waits for it; until when it is waited for. */
const lockedShape = z.object({
  v: z.literal(1),
  type: z.literal('locked'),
  node: hex,
  msat: msatText,
  until: z.number(),
})

/** Said before a payment: into a tab, for a job alone, held for its whole result, for what was used, or the router’s fee. */
const payingShape = z.object({
  v: z.literal(1),
  type: z.literal('paying'),
  node: hex,
  msat: msatText,
  max_fee_msat: msatText,
  for: z.enum(['tab', 'job', 'hold', 'after', 'route']),
})

/** A node was paid before it served, by a top-up of the tab there, or the router its fee; `fee_msat` is null where the wallet does not say. */
const paidShape = z.object({
  v: z.literal(1),
  type: z.literal('paid'),
  node: hex,
  msat: msatText,
  fee_msat: msatText.nullable(),
  /** Most that it may cost; a wallet that takes no limit (NWC) may go over it. */
  max_fee_msat: msatText,
})

/** What the node signed of the tab does not hold against what is here; with `lie` that is shown, and it gets nothing more. */
const statementShape = z.object({
  v: z.literal(1),
  type: z.literal('statement'),
  node: hex,
  check: z.string(),
  detail: z.string(),
  lie: z.boolean(),
})

/** Said before the first payment to a router: it takes so much for so many jobs, and can link them from now on. */
const feeShape = z.object({
  v: z.literal(1),
  type: z.literal('fee'),
  router: hex,
  msat: msatText,
  routes: z.int(),
})

/** Said before a payment: the router wants to see it. */
const proofShape = z.object({ v: z.literal(1), type: z.literal('proof'), router: hex })

/** The router’s clock is ahead of ours by so much, or behind where it is less than 0. */
const clockShape = z.object({ v: z.literal(1), type: z.literal('clock'), ahead_ms: z.number() })
const eventShape = z.union([
  skippedShape,
  feeShape,
  proofShape,
  payingShape,
  paidShape,
  statementShape,
  movedShape,
  linkShape,
  againShape,
  waitingShape,
  lockedShape,
  clockShape,
])
const events = z.array(eventShape)
export type RequestEvent = z.output<typeof eventShape>

export const resultShape = z.object({
  v: z.literal(1),
  type: z.literal('result'),
  net: z.string(),
  job: hex,
  task: z.string(),
  model: z.string(),
  /** What the task gives; a part of it where the job did not end well. */
  output: z.unknown(),
  finish: z.string(),
  usage: units,
  cost_msat: msatText,
  ceiling_msat: msatText,
  /** What the router takes for it, beside `cost_msat`. */
  router_fee_msat: msatText,
  /** What is left on the tab at the node, below 0 where it is owed; null where the job drew on none. */
  left_msat: z.string().nullable(),
  /** What of that debt was on its way when this ended, its end not known: do not pay it again. */
  paying_msat: msatText,
  /** What is left went with the key of this run, which `--tab off` and a router that wants proof pay with. */
  left_gone: z.boolean(),
  router: hex,
  node: hex.nullable(),
  /** ms since 1970. */
  times: z
    .object({ asked: z.number(), offered: when, accepted: when, first: when, done: z.number() })
    .readonly(),
  receipt: event.nullable(),
  bundle: z
    .object({
      offers: event,
      ticket: event,
      sheet: event,
      job: event,
      draw: event,
      invoices: z.array(event).readonly(),
      proofs: z.array(event).readonly(),
      accepted: event,
      receipt: event,
      acknowledgement: event,
      statement: event,
    })
    .partial()
    .readonly(),
  verified: z.boolean().nullable(),
  /** What happened on the way, in order; with `--stream` each is a line of its own as well. */
  events,
  error: errorFields.nullable(),
})

export const pieceShape = z.object({
  v: z.literal(1),
  type: z.literal('piece'),
  delta: z.unknown(),
  text: z.string(),
  usage: units,
})

/** `--dry-run`. */
export const offersShape = z.object({
  v: z.literal(1),
  type: z.literal('offers'),
  net: z.string(),
  task: z.string(),
  router: hex,
  offers: z.array(
    z.object({
      node: hex,
      model: z.string(),
      ceiling_msat: msatText,
      first_ms: z.number(),
      warm: z.boolean(),
      reason: z.string(),
    }),
  ),
  ceiling_msat: msatText,
  router_fee_msat: msatText,
  /** The job is paid by an invoice of its own: whole units of the node’s wallet, a sat at least; nothing of it stays on a tab. */
  paid_alone: z.boolean(),
  /** The router wants to see that payment. */
  wants_proof: z.boolean(),
  /** It is paid by nothing but what is on the tab at its node, and what that lends: where both are too little it ends with 77. */
  paid_after: z.boolean(),
  input_bytes: z.int(),
  events,
})

export const requestShape = z.union([resultShape, pieceShape, eventShape, offersShape])
