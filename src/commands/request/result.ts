import type { Fault } from '../../engine/base/fault.ts'
import { showMsat } from '../../engine/base/money.ts'
import { shortNpub } from '../../engine/identity/keys.ts'
import type { OfferLine, Outcome, Client } from '../../engine/roles/client/news.ts'
import type { Units } from '../../engine/protocol/fields.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import { count, showMs, showRate } from '../figures.ts'
import type { Paint } from '../terminal.ts'

/** The final object of `request --json`: what came, what it cost, and all that proves it. */
export const resultObject = (outcome: Outcome) => ({
  v: 1,
  type: 'result',
  net: 'sim',
  job: outcome.job,
  task: outcome.task,
  model: outcome.model,
  output: outcome.output,
  finish: outcome.finish,
  usage: outcome.usage,
  cost_msat: String(outcome.cost),
  ceiling_msat: String(outcome.ceiling),
  router: outcome.router,
  node: outcome.node,
  times: outcome.times,
  receipt: outcome.bundle.receipt ?? null,
  bundle: outcome.bundle,
  verified: outcome.verified,
  error: outcome.fault ? errorObject(outcome.fault) : null,
})

/** One piece of `request --json --stream`. */
export const pieceObject = (piece: { delta: unknown; text: string; usage: Units }) => ({
  v: 1,
  type: 'piece',
  delta: piece.delta,
  text: piece.text,
  usage: piece.usage,
})

/** The object of `request --dry-run --json`. */
export const offersObject = (task: string, router: PubKey, found: Found) => ({
  v: 1,
  type: 'offers',
  net: 'sim',
  task,
  router,
  offers: found.lines.map((line) => ({
    node: line.node,
    model: line.model,
    ceiling_msat: String(line.ceiling),
    first_ms: line.firstMs,
    warm: line.warm,
    reason: line.reason,
  })),
  ceiling_msat: String(found.ceiling),
  input_bytes: found.inputBytes,
})

type Found = Awaited<ReturnType<Client['offers']>>

/** What `request --dry-run` prints for people. */
export const offersText = (found: Found): string => {
  const prices = found.lines.map((line) => showMsat(line.ceiling))
  const width = Math.max(...prices.map((price) => price.length))
  const names = Math.max(...found.lines.map((line) => line.model.length))
  const row = (line: OfferLine, i: number): string =>
    [
      `  ${i + 1}  ${shortNpub(line.node)}`,
      line.model.padEnd(names),
      `at most ${prices[i]!.padStart(width)}`,
      `first in ~${showMs(line.firstMs)}`,
      line.reason,
    ].join('   ')
  return [
    `${count(found.lines.length, 'offer')}, best first; nothing was sent`,
    ...found.lines.map(row),
    `input ${count(found.inputBytes, 'byte')} · ceiling ${showMsat(found.ceiling)} · play money`,
  ].join('\n')
}

/** The two lines that follow a result: who did it, and what it took. */
export const closingLines = (outcome: Outcome, paint: Paint): string[] => {
  const { times, usage } = outcome
  if (!outcome.node) return []
  const tokens = usage.out_token
  const span = times.first === null ? 0 : times.done - times.first
  const parts = [
    outcome.model,
    tokens === undefined ? undefined : count(tokens, 'token'),
    times.first === null ? undefined : `first ${showMs(times.first - times.asked)}`,
    tokens === undefined ? undefined : showRate(tokens, span, 'tok'),
    priceOf(outcome),
    verdict(outcome, paint),
    'play money',
  ]
  return [
    `served by ${shortNpub(outcome.node)} through ${shortNpub(outcome.router)}`,
    parts.filter((part) => part !== undefined).join(' · '),
  ]
}

// Each with its unit: `3.83 sat of at most 7.55` reads as if the second could be another.
const priceOf = ({ cost, ceiling }: Outcome): string =>
  `${showMsat(cost)} of at most ${showMsat(ceiling)}`

const verdict = (outcome: Outcome, paint: Paint): string => {
  if (outcome.verified === null) return paint.yellow('no receipt came')
  if (!outcome.verified)
    return paint.red(`receipt disputed: ${outcome.dispute ?? 'it does not hold'}`)
  const status = outcome.receipt?.status
  const suffix = status && status !== 'ok' ? ` (${status})` : ''
  return paint.green(`receipt checked${suffix}`)
}

/** An error as every `--json` shows it. */
const errorObject = ({ code, message, hint }: Fault) => ({ code, message, hint: hint ?? null })
