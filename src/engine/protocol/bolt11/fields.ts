import { fromUtf8, toHex } from '../../base/bytes.ts'
import type { PaymentHash } from '../ids.ts'
import { isPayable, readFeatures } from './features.ts'
import type { Bolt11Flaw, Fallback, Hop, Invoice } from './invoice.ts'
import { type Words, bytesOf, numberOf } from './words.ts'

/** Tags of BOLT 11: the bech32 character of each is its name. */
export const TAGS = {
  paymentHash: 1,
  routes: 3,
  features: 5,
  expirySec: 6,
  fallbacks: 9,
  description: 13,
  paymentSecret: 16,
  payee: 19,
  descriptionHash: 23,
  minFinalCltv: 24,
  metadata: 27,
} as const

export type Fields = Partial<{ -readonly [K in keyof typeof TAGS]: Invoice[K] }>

/** Bytes of a hop in an `r` field. */
const HOP_BYTES = 51

/**
 * All tagged fields of a range. Unknown tags are skipped, and so are `p`, `h`, `s` and `n` of another
 * length: the text of BOLT 11 has come to say that those fail, its example "fields which must be
 * ignored" that they do not, and a required one that is skipped is then missing.
 */
export const readFields = (words: Words, from: number, to: number): Fields | Bolt11Flaw => {
  const fields: Fields = {}
  for (let at = from; at < to;) {
    const start = at + 3
    const end = start + words[at + 1]! * 32 + words[at + 2]!
    // Also where the length itself is cut off, and no number comes of it.
    if (!(end <= to)) return 'bolt11.short'
    const flaw = READERS[words[at]!]?.(words, start, end, fields)
    if (flaw) return flaw
    at = end
  }
  return fields
}

type Reader = (words: Words, from: number, to: number, fields: Fields) => Bolt11Flaw | null

/** A field that stands once; one of another length than `length`, in words, is skipped. */
const once =
  <K extends keyof Fields>(
    name: K,
    read: (words: Words, from: number, to: number) => NonNullable<Fields[K]> | null,
    flaw: Bolt11Flaw,
    length?: number,
  ): Reader =>
  (words, from, to, fields) => {
    if (length !== undefined && to - from !== length) return null
    if (fields[name] !== undefined) return 'bolt11.twice'
    const value = read(words, from, to)
    if (value === null) return flaw
    fields[name] = value
    return null
  }

const hex = (words: Words, from: number, to: number): string | null => {
  const bytes = bytesOf(words, from, to)
  return bytes && toHex(bytes)
}

const hash = (words: Words, from: number, to: number): PaymentHash | null =>
  hex(words, from, to) as PaymentHash | null

const text = (words: Words, from: number, to: number): string | null => {
  const bytes = bytesOf(words, from, to)
  try {
    return bytes && fromUtf8(bytes)
  } catch {
    return null
  }
}

/**
 * BOLT 11 says SHOULD of refusing zeros before a number. We do: LDK 0.1 hashes what it would have
 * written itself, and so finds another payee where there are some (test/vectors/bolt11.oracle.test.ts).
 */
const isMinimal = (words: Words, from: number, to: number): boolean =>
  from === to || words[from] !== 0

const number = (words: Words, from: number, to: number): number | null =>
  isMinimal(words, from, to) ? numberOf(words, from, to) : null

const features = (words: Words, from: number, to: number): number[] | null => {
  const bits = readFeatures(words, from, to)
  return isMinimal(words, from, to) && isPayable(bits) ? bits : null
}

const route: Reader = (words, from, to, fields) => {
  const bytes = bytesOf(words, from, to)
  if (!bytes) return 'bolt11.padding'
  if (bytes.length === 0 || bytes.length % HOP_BYTES !== 0) return 'bolt11.route'
  const hops: Hop[] = []
  for (let at = 0; at < bytes.length; at += HOP_BYTES) hops.push(hopOf(bytes, at))
  fields.routes = [...(fields.routes ?? []), hops]
  return null
}

const hopOf = (bytes: Uint8Array, at: number): Hop => {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at)
  return {
    key: toHex(bytes.subarray(at, at + 33)),
    channel: toHex(bytes.subarray(at + 33, at + 41)),
    feeBaseMsat: view.getUint32(41),
    feePpm: view.getUint32(45),
    cltvDelta: view.getUint16(49),
  }
}

const fallback: Reader = (words, from, to, fields) => {
  if (from === to) return 'bolt11.fallback'
  const version = words[from]!
  if (version > P2SH) return null
  const bytes = bytesOf(words, from + 1, to)
  if (!bytes) return 'bolt11.padding'
  if (!isProgram(version, bytes.length)) return 'bolt11.fallback'
  const one: Fallback = { version, program: toHex(bytes) }
  fields.fallbacks = [...(fields.fallbacks ?? []), one]
  return null
}

const P2PKH = 17
const P2SH = 18

/** Lengths in bytes: hashes of 20, witness programs as BIP 141 has them. */
const isProgram = (version: number, length: number): boolean => {
  if (version >= P2PKH) return length === 20
  return version === 0 ? length === 20 || length === 32 : length >= 2 && length <= 40
}

const READERS: Readonly<Record<number, Reader>> = {
  [TAGS.paymentHash]: once('paymentHash', hash, 'bolt11.padding', 52),
  [TAGS.paymentSecret]: once('paymentSecret', hex, 'bolt11.padding', 52),
  [TAGS.description]: once('description', text, 'bolt11.description'),
  [TAGS.descriptionHash]: once('descriptionHash', hex, 'bolt11.padding', 52),
  [TAGS.payee]: once('payee', hex, 'bolt11.padding', 53),
  [TAGS.expirySec]: once('expirySec', number, 'bolt11.number'),
  [TAGS.minFinalCltv]: once('minFinalCltv', number, 'bolt11.number'),
  [TAGS.features]: once('features', features, 'bolt11.feature'),
  [TAGS.metadata]: once('metadata', hex, 'bolt11.padding'),
  [TAGS.routes]: route,
  [TAGS.fallbacks]: fallback,
}
