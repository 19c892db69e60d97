import type { z } from 'zod'
import { Fault } from '../../engine/base/fault.ts'
import { type Msat, showLeft, showMsat } from '../../engine/base/money.ts'
import { npub } from '../../engine/identity/keys.ts'
import type { Outcome } from '../../engine/roles/client/news.ts'
import type { Skipped } from '../../engine/roles/client/several.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { Units } from '../../engine/protocol/fields.ts'
import { count, showMs, showRate } from '../figures.ts'
import { type Interrupt, interrupted } from '../interrupt.ts'
import type { Paint } from '../terminal.ts'
import type { Namer } from '../trust/set.ts'
import type { EventNews } from './lines.ts'
import type { RequestEvent, pieceShape, resultShape, skippedShape } from './shape.ts'

/** The final object of `request --json`: what came, what it cost, and all that proves it. */
export const resultObject = (
  outcome: Outcome,
  events: RequestEvent[],
): z.output<typeof resultShape> => ({
  v: 1,
  type: 'result',
  net: outcome.net,
  job: outcome.job,
  task: outcome.task,
  model: outcome.model,
  output: outcome.output,
  finish: outcome.finish,
  usage: outcome.usage,
  cost_msat: String(outcome.cost),
  ceiling_msat: String(outcome.ceiling),
  router_fee_msat: String(outcome.fee),
  left_msat: outcome.left === null ? null : String(outcome.left),
  paying_msat: String(outcome.paying),
  left_gone: outcome.leftEnds,
  router: outcome.router,
  node: outcome.node,
  times: outcome.times,
  receipt: outcome.bundle.receipt ?? null,
  bundle: outcome.bundle,
  verified: outcome.verified,
  events,
  error: errorOf(faultOf(outcome)),
})

/** One piece of `request --json --stream`. */
export const pieceObject = (piece: {
  delta: unknown
  text: string
  usage: Units
}): z.output<typeof pieceShape> => ({
  v: 1,
  type: 'piece',
  delta: piece.delta,
  text: piece.text,
  usage: piece.usage,
})

/** A router that was passed over, as `--json` shows it. */
export const skippedObject = ({ router, fault }: Skipped): z.output<typeof skippedShape> => ({
  v: 1,
  type: 'skipped',
  router: router.key,
  address: router.address,
  error: errorObject(fault),
})

/** What happened on the way, as `--json` shows it. */
export const eventObject = (news: EventNews): RequestEvent => {
  if (news.type === 'clock') return { v: 1, type: 'clock', ahead_ms: news.aheadMs }
  if (news.type === 'paid') {
    const { node, msat, fee, maxFee } = news
    const fee_msat = fee === null ? null : String(fee)
    return { v: 1, type: 'paid', node, msat: String(msat), fee_msat, max_fee_msat: String(maxFee) }
  }
  if (news.type === 'paying') {
    const { node, msat, maxFee, for: what } = news
    const max_fee_msat = String(maxFee)
    return { v: 1, type: 'paying', node, msat: String(msat), max_fee_msat, for: what }
  }
  if (news.type === 'fee') {
    const { router, msat, routes } = news
    return { v: 1, type: 'fee', router, msat: String(msat), routes }
  }
  if (news.type === 'locked') {
    const { node, msat, untilMs } = news
    return { v: 1, type: 'locked', node, msat: String(msat), until: untilMs }
  }
  if (news.type === 'waiting') return { v: 1, type: 'waiting', why: news.why, until: news.untilMs }
  return { v: 1, ...news }
}

/** The two lines that follow a result: who did it, and what it took. */
export const closingLines = (outcome: Outcome, paint: Paint, show: Namer): string[] => {
  const { times, usage } = outcome
  if (!outcome.node) return []
  // Nobody took it: it was served by nobody, and no receipt is missing.
  if (!outcome.receipt && times.accepted === null && times.first === null) return []
  const tokens = usage.out_token
  const span = times.first === null ? 0 : times.done - times.first
  const parts = [
    outcome.model,
    tokens === undefined ? undefined : count(tokens, 'token'),
    times.first === null ? undefined : `first ${showMs(times.first - times.asked)}`,
    tokens === undefined ? undefined : showRate(tokens, span, 'tok'),
    priceOf(outcome),
    outcome.fee === 0n ? undefined : `router ${showMsat(outcome.fee)}`,
    verdict(outcome, paint),
    leftOf(outcome),
    outcome.net === 'sim' ? 'play money' : undefined,
  ]
  return [
    `served by ${show(outcome.node)} through ${show(outcome.router)}`,
    parts.filter((part) => part !== undefined).join(' · '),
  ]
}

// Each with its unit: `3.83 sat of at most 7.55` reads as if the second could be another.
const priceOf = ({ cost, most }: Outcome): string =>
  `${showMsat(cost)} of at most ${showMsat(most)}`

/** Units that were paid there and not used stay, as long as the key that paid them; less than nothing is a debt. */
const leftOf = (outcome: Outcome): string | undefined => {
  const { left, paying, disputedDebt, broken, leftEnds, receipt } = outcome
  if (left === null) return undefined
  // How much of it was used only a receipt says.
  if (leftEnds && !receipt) return `${showMsat(left)} paid, and gone`
  if (leftEnds) return `${showMsat(left)} not used, and gone`
  if (left >= 0n)
    return `${showLeft(left)} left there${broken ? ', and not used: it gets nothing more' : ''}`
  const owed = -left - paying - disputedDebt
  const parts = [
    paying > 0n ? `${showMsat(paying)} being paid there` : undefined,
    owed > 0n ? `${showMsat(owed)} owed there` : undefined,
    disputedDebt > 0n ? `${showMsat(disputedDebt)} disputed, and never paid` : undefined,
  ]
  return parts.filter((part) => part !== undefined).join(' · ')
}

/** What the command ends with once all was shown; null where all is well. */
export const endOf = (
  outcome: Outcome,
  stop: Pick<Interrupt, 'asked' | 'signal'>,
): Fault | null => {
  if (stop.asked()) return outcome.paying > 0n ? leftPaying(outcome.paying) : interrupted()
  // The reader of the output left (`| head -1`): the job was stopped, and that is no error.
  if (stop.signal.aborted) return null
  const fault = faultOf(outcome)
  if (fault || outcome.verified !== false) return fault
  const why = outcome.dispute ?? 'see fedai verify'
  return new Fault('verification', 'receipt.disputed', `the receipt does not hold: ${why}`, {
    hint: 'keep the result (--json) and check it: fedai verify FILE',
  })
}

/**
 * Ctrl-C while it was being paid for.
 * @param what is on its way; null where that was said, and what to do (leave.ts)
 */
export const leftPaying = (what: Msat | null): Fault =>
  what === null
    ? new Fault('uncertain', 'payment.unknown', 'left while a payment was on its way')
    : new Fault('uncertain', 'payment.unknown', `left while ${showMsat(what)} was on its way`, {
        hint: 'do not pay again; run: fedai pay resolve',
      })

/** What the router takes for itself comes on top. */
export const feeNote = (fee: Msat): string =>
  fee === 0n ? '' : ` · and ${showMsat(fee)} for the router`

/** Play money is always called so. */
export const playNote = (net: Net): string => (net === 'sim' ? ' · play money' : '')

const verdict = (outcome: Outcome, paint: Paint): string => {
  if (outcome.verified === null) return paint.yellow('no receipt came')
  if (!outcome.verified)
    return paint.red(`receipt disputed: ${outcome.dispute ?? 'it does not hold'}`)
  const status = outcome.receipt?.status
  const suffix = status && status !== 'ok' ? ` (${status})` : ''
  return paint.green(`receipt checked${suffix}`)
}

/**
 * What went wrong, with what may be done now. A job that broke off after its first piece is not moved,
 * since what came may be in use already: whether to send it again, and to whom, is the user's to say.
 */
export const faultOf = ({ fault, node }: Outcome): Fault | null => {
  if (!fault || node === null || !BY_NODE.test(fault.code)) return fault
  const hint = [fault.hint ?? 'try again', `without this node: --where deny:${npub(node)}`]
  return new Fault(fault.kind, fault.code, fault.message, { hint: hint.join('\n'), cause: fault })
}

/** What is the doing of one node, and another may do better. */
const BY_NODE = /^(stream\..+|accepted\.terms|job\.(node_failed|runner_failed|partial|policy))$/

const errorOf = (fault: Fault | null) => fault && errorObject(fault)

/** An error as every `--json` shows it. */
const errorObject = ({ code, message, hint }: Fault) => ({ code, message, hint: hint ?? null })
