import { z } from 'zod'
import {
  count,
  eventIdField,
  jobIdField,
  msatField,
  sentence,
  spanMs,
  timeMs,
  timing,
  unitsField,
} from './fields.ts'

/** Why a node does not take a job. They move what the router expects of it, never its stake. */
export const REFUSALS = [
  'busy',
  'used',
  'restarted',
  'revoked',
  'expired',
  'too_large',
  'policy',
  'unfunded',
  // Its ledger has nothing of the tab that the draw is on: not a payment, not a job, no invoice that is out.
  'no_tab',
  'cancelled',
] as const
export type JobRefusal = (typeof REFUSALS)[number]

/** Why the router moves a job to its next ticket: a refusal, or what it saw itself. */
export const MOVES = [...REFUSALS, 'silent', 'lost'] as const

const about = { job: jobIdField, ticket: eventIdField }

/** 26424: how a job goes on. Only a signed `accepted` binds. The router says `refused` and `moved` only. */
export const progress = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('accepted'),
    ...about,
    sheet: eventIdField,
    row: count,
    max: unitsField,
    ceiling: msatField,
    timing,
    funded: z.boolean(),
    eta_ms: spanMs,
  }),
  z.object({
    status: z.literal('refused'),
    ...about,
    reason: z.enum(MOVES),
    detail: sentence.optional(),
  }),
  z.object({ status: z.literal('queued'), ...about, place: count }),
  z.object({ status: z.literal('started'), ...about }),
  /**
   * The tab is used up: the job waits, so long at most, for so much more (`stream`). `frames` went out before: by it
   * two of one second differ, and none is taken for the other's replay.
   */
  z.object({
    status: z.literal('need_payment'),
    ...about,
    frames: count,
    short: msatField,
    wait_ms: spanMs,
  }),
  /** The slot of a ticket is kept while it is paid for. */
  z.object({ status: z.literal('held'), ...about, until: timeMs }),
  z.object({
    status: z.literal('moved'),
    job: jobIdField,
    from: eventIdField,
    to: eventIdField,
    reason: z.enum(MOVES),
  }),
])
export type Progress = z.output<typeof progress>
export type Accepted = Extract<Progress, { status: 'accepted' }>
