import { expect } from 'bun:test'
import { sha256, toHex } from '../base/bytes.ts'
import type { UnixMs } from '../base/clock.ts'
import { isFault, type Fault } from '../base/fault.ts'
import { type Msat, msat } from '../base/money.ts'
import { systemRandom } from '../base/random.ts'
import { type PaymentHash, type Preimage, paymentHash, preimage } from '../protocol/ids.ts'

/** What the tables of wallet.conformance.ts and payer.conformance.ts share. */

/** The world around a wallet under test. */
export type World = Readonly<{
  /** The clock of wallet and backend, ms since 1970. */
  now(): UnixMs
  /** Lets so many ms pass: on a virtual clock, or for real. */
  pass(ms: number): Promise<void>
  /** Longest from a deed of one side to the other side's word of it, in ms. */
  settleTimeMs: number
  /** What may stand in no error: credentials, keys, passwords. */
  secrets: readonly string[]
  /** Ends what `make` began, the wallet included. */
  stop?(): Promise<void>
}>

/** How a backend answers every call from now on; of those but the last it has done nothing. */
export type Breakdown = 'refuses' | 'talks nonsense' | 'hangs up' | 'fails' | 'works'

/** Cases that a backend cannot show, each with why: they become a case that only looks at the caps. */
export type Cannot<Name extends string> = Readonly<Partial<Record<Name, string>>>

export const sats = (n: number): Msat => msat(BigInt(n) * 1_000n)

/** A preimage that nobody else knows, and its hash. */
export const newPreimage = (): { secret: Preimage; hash: PaymentHash } => {
  const bytes = systemRandom.bytes(32)
  return { secret: preimage(toHex(bytes)), hash: paymentHash(toHex(sha256(bytes))) }
}

/** Terms of one invoice, as long as real ones; the number and chance keep them from being alike. */
export const newTerms = (n: number): string =>
  JSON.stringify({
    v: 'fedai-pay/1',
    for: 'topup',
    seq: String(n),
    ref: toHex(systemRandom.bytes(32)),
    text: 'Grüße, 日本, "quoted" \\ and more '.repeat(8),
  })

/** Waits until `check` holds, at most three times as long as the world needs. */
export const until = async (
  world: World,
  what: string,
  check: () => boolean | Promise<boolean>,
): Promise<void> => {
  const step = Math.max(1, Math.ceil(world.settleTimeMs / 20))
  for (let waited = 0; waited <= 3 * world.settleTimeMs; waited += step) {
    if (await check()) return
    await world.pass(step)
  }
  throw new Error(`not within ${3 * world.settleTimeMs} ms: ${what}`)
}

/** What a promise becomes while the world goes on: a virtual clock stands still by itself. */
export const outcome = async <T>(world: World, promise: Promise<T>): Promise<T> => {
  let ended = false
  const end = () => void (ended = true)
  promise.then(end, end)
  await until(world, 'an answer', () => ended)
  return promise
}

const CODES = /^(unavailable wallet\.(unreachable|refused|answer)|config wallet\.credential)$/

/** The Fault of a call that must reject: one of those that wallet.ts names, with no secret in it. */
export const faultOf = async (
  world: World,
  promise: Promise<unknown>,
  ...secrets: string[]
): Promise<Fault> => {
  const error = await outcome(
    world,
    promise.then(
      () => new Error('nothing was thrown'),
      (thrown: unknown) => thrown,
    ),
  )
  expectNoSecret(error, [...world.secrets, ...secrets])
  if (!isFault(error)) throw error
  expect(`${error.kind} ${error.code}`).toMatch(CODES)
  // One sentence for people and not what a server said, which has no bound.
  expect(error.message.length).toBeLessThan(300)
  return error
}

const expectNoSecret = (error: unknown, secrets: readonly string[]): void => {
  const said = wordsOf(error)
  for (const secret of secrets) expect(said.includes(secret)).toBe(false)
}

/** All that a log could print of an error: also its stack, its fields, and what it was caused by. */
const wordsOf = (error: unknown, depth = 0): string => {
  if (!(error instanceof Error)) return String(error) + (JSON.stringify(error) ?? '')
  const fields = Object.getOwnPropertyNames(error)
    .filter((name) => name !== 'cause')
    .map((name) => String(Reflect.get(error, name)))
  return [...fields, error.cause && depth < 5 ? wordsOf(error.cause, depth + 1) : ''].join('\n')
}
