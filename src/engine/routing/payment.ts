import { type TIMINGS } from '../protocol/fields.ts'
import type { Accepted } from '../protocol/progress.ts'

type Timing = (typeof TIMINGS)[number]

/**
 * Which payment a router asks for before it routes a job that costs something (`--require-payment`). `proven`: paid
 * before, and shown to the router (`--payment-evidence proof`).
 */
export const PAYMENT_RULES = ['before', 'after', 'any', 'none', 'proven'] as const
export type PaymentRule = (typeof PAYMENT_RULES)[number]

/** The timings that a router admits, as its offers say them. */
export const admittedTimings = (rule: PaymentRule): readonly Timing[] =>
  rule === 'proven'
    ? ['before']
    : rule === 'before'
      ? PAID_FIRST
      : rule === 'after'
        ? ['after']
        : ALL

/** Whether a job may be placed: what costs nothing needs no payment. */
export const admitsTiming = (
  rule: PaymentRule,
  { timing, ceiling }: Readonly<{ timing: Timing; ceiling: bigint }>,
): boolean => ceiling === 0n || admittedTimings(rule).includes(timing)

/** Whether a node's signed `accepted` is the evidence that a router asks for: that its own tab covers the job. */
export const isEvidence = (rule: PaymentRule, { funded, ceiling }: Accepted): boolean =>
  rule === 'none' || ceiling === 0n || funded

const PAID_FIRST: readonly Timing[] = ['before', 'stream', 'hold']
const ALL: readonly Timing[] = [...PAID_FIRST, 'after', 'free']
