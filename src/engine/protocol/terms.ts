import { z } from 'zod'
import { sha256, toHex } from '../base/bytes.ts'
import type { UnixSec } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import { NETS, type Net } from './event.ts'
import { eventIdField, hex32, msatField, pubKeyField, sumField } from './fields.ts'
import type { EventId, PubKey } from './ids.ts'
import { parseStrict } from './json.ts'
import { isRefusal } from './refusal.ts'

export const TERMS_VERSION = 'fedai-pay/1'

/** What a payment is for: units on a tab, one job before it or after it, or a router's fee. */
export const PURPOSES = ['topup', 'job', 'after', 'route'] as const
export type Purpose = (typeof PURPOSES)[number]

/** What an invoice is bound to. On the wire every value is a string. */
export type Terms = Readonly<{
  net: Net
  /** Nostr keys: who is paid, who pays, and the router that may see the proof; '' where none may. */
  payee: PubKey
  payer: PubKey
  router: PubKey | ''
  for: Purpose
  /** The tab's key or the job's id, 64 hex digits. */
  ref: string
  /** Which payment for this `ref`: one is paid for each number. */
  seq: number
  msat: Msat
  /** The price sheet; '' for a router's fee, which has none. */
  price: EventId | ''
  /** All that was used so far under `ref`. */
  cum_used_msat: Msat
  iat: UnixSec
  exp: UnixSec
}>

/** No invoice below: Lightning does not carry it. */
export const LEAST_INVOICE = msat(1000n)
/** Longest life, in seconds: proofs are remembered for as long as this and a day. */
export const MOST_TERMS_SEC = 86_400

export const TERMS_FLAWS = [
  /** Not JSON as events have it: too long, nested, a key twice, a lone surrogate. */
  'terms.json',
  /** A key too many or too few, or a value that is none. */
  'terms.shape',
  /** Under 1,000 msat. */
  'terms.amount',
  /** A router on a tab, which belongs to two; a sheet for a fee, or none for work. */
  'terms.purpose',
  /** Ends before it begins, or lives for over a day. */
  'terms.times',
] as const
export type TermsFlaw = (typeof TERMS_FLAWS)[number]

/**
 * The text that an invoice commits to: JSON in the canonical form of RFC 8785, which for strings alone is
 * sorted keys and no blanks.
 * @throws RangeError for terms that `parseTerms` would not take
 */
export const termsText = (terms: Terms): string => {
  const said: Record<string, string> = { v: TERMS_VERSION }
  for (const key of KEYS) said[key] = String(terms[key])
  const text = JSON.stringify(said, Object.keys(said).toSorted())
  const parsed = parseTerms(text)
  if (typeof parsed === 'string') throw new RangeError(`no terms of a payment: ${parsed}`)
  return text
}

/**
 * Reads terms as they stand in a message. The text counts as it is, however it is spaced: nobody writes
 * it anew, and its hash is what was agreed.
 * @returns the terms, or the first flaw. Never throws.
 */
export const parseTerms = (text: string): Terms | TermsFlaw => {
  const parsed = parseStrict(text, { maxDepth: 1, maxBytes: MOST_BYTES })
  if (isRefusal(parsed)) return 'terms.json'
  const { success, data } = shape.safeParse(parsed.value)
  if (!success) return 'terms.shape'
  const { v: _, ...terms } = data
  if (terms.msat < LEAST_INVOICE) return 'terms.amount'
  if (terms.for === 'topup' && terms.router !== '') return 'terms.purpose'
  if ((terms.for === 'route') !== (terms.price === '')) return 'terms.purpose'
  const life = terms.exp - terms.iat
  return life > 0 && life <= MOST_TERMS_SEC ? terms : 'terms.times'
}

/** What an invoice's `h` must be: SHA-256 of the exact text, in hex. */
export const termsHash = (text: string): string => toHex(sha256(text))

/** What stands in `d` instead, where a wallet can only take a memo. */
export const termsMemo = (text: string): string => `${TERMS_VERSION}:${termsHash(text)}`

/** Twice what the longest terms take. */
const MOST_BYTES = 2048

const digits = (most: number) => z.string().regex(new RegExp(`^(0|[1-9][0-9]{0,${most - 1}})$`))
const time = digits(11).transform((text) => Number(text) as UnixSec)
const empty = z.literal('')

const shape = z.strictObject({
  v: z.literal(TERMS_VERSION),
  net: z.enum(NETS),
  payee: pubKeyField,
  payer: pubKeyField,
  router: z.union([pubKeyField, empty]),
  for: z.enum(PURPOSES),
  ref: hex32,
  seq: digits(10).transform(Number),
  msat: msatField,
  price: z.union([eventIdField, empty]),
  cum_used_msat: sumField,
  iat: time,
  exp: time,
})

const KEYS = [
  'net',
  'payee',
  'payer',
  'router',
  'for',
  'ref',
  'seq',
  'msat',
  'price',
  'cum_used_msat',
  'iat',
  'exp',
] as const satisfies readonly (keyof Terms)[]
