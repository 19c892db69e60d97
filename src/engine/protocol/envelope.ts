import { BOUNDS } from '../base/bounds.ts'
import { fromHex } from '../base/bytes.ts'
import type { UnixSec } from '../base/clock.ts'
import { type Parts, type Signed, idOfParts, isTextOf, partsOf, textOf } from './event.ts'
import type { EventId, PubKey, Signature } from './ids.ts'
import { isLonger, parseStrict, tooLarge } from './json.ts'
import { type Refusal, isRefusal, refuse } from './refusal.ts'

/** Half of identity/seams.ts `Secp256k1`: BIP-340, never throws. */
export interface Verifier {
  verify(sig: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean
}

/** An event, and the JSON in which it is forwarded and kept. */
export type Envelope = Readonly<{ event: Signed; text: string }>

/**
 * Rules 1 and 2 (protocol.md, section 1) for an event of any kind: its bytes, its hash, its
 * signature. Enough for a NIP-42 AUTH event; what is a message of ours goes through intake.ts.
 */
export const readEvent = (
  text: string,
  rules: Readonly<{ verifier: Verifier; maxBytes?: number }>,
): Envelope | Refusal => {
  const read = parseEvent(text, rules.maxBytes)
  if (isRefusal(read)) return read
  const { envelope, parts } = read
  return (
    wrongId(envelope.event, parts) ?? wrongSignature(envelope.event, rules.verifier) ?? envelope
  )
}

/** Rule 1: an event as text. A text that says more than an event is written anew without it. */
export const parseEvent = (
  text: string,
  maxBytes: number = BOUNDS.eventBytes,
): Readonly<{ envelope: Envelope; parts: Parts }> | Refusal => {
  if (isLonger(text, maxBytes)) return tooLarge(maxBytes)
  const quick = parseCompact(text)
  if (quick) return quick
  const parsed = parseStrict(text, { maxDepth: BOUNDS.jsonDepth, maxBytes })
  if (isRefusal(parsed)) return parsed
  const event = eventOf(parsed.value)
  if (isRefusal(event)) return event
  const parts = partsOf(event)
  // Other fields are covered by no signature: whoever forwarded the event may have put them there.
  const exact = Object.keys(parsed.value as object).length === FIELDS
  return { envelope: { event, text: exact ? text : textOf(event, parts) }, parts }
}

const FIELDS = 7

/**
 * The fast path: what `eventText` would have written just so, which json.ts `parseCompact` explains. Its
 * parts are written for the hash in any case, so that this costs a comparison. It only ever accepts.
 */
const parseCompact = (text: string): Readonly<{ envelope: Envelope; parts: Parts }> | undefined => {
  if (text.includes('\\u')) return undefined
  try {
    const event = eventOf(JSON.parse(text))
    if (isRefusal(event)) return undefined
    const parts = partsOf(event)
    return isTextOf(text, event, parts) ? { envelope: { event, text }, parts } : undefined
  } catch {
    return undefined
  }
}

/**
 * Rule 1 for a value that came out of a parsed text: the fields of NIP-01 and nothing else, copied,
 * so that no mark that a library left on an object (nostr-tools' verified symbol) comes along.
 */
export const eventOf = (raw: unknown): Signed | Refusal => {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return refuse('event.bad_shape', 'an event is an object')
  const { id, pubkey, created_at, kind, tags, content, sig } = raw as Record<string, unknown>
  if (typeof id !== 'string' || typeof pubkey !== 'string' || typeof sig !== 'string')
    return refuse('event.bad_shape', 'id, pubkey and sig are texts')
  if (typeof content !== 'string') return refuse('event.bad_shape', 'content is a text')
  if (!isCount(created_at, Number.MAX_SAFE_INTEGER))
    return refuse('event.bad_shape', 'created_at is a number of seconds')
  if (!isCount(kind, 65_535)) return refuse('event.bad_shape', 'kind is a number up to 65535')
  if (!isTags(tags)) return refuse('event.bad_shape', 'tags are lists of texts, none empty')
  if (!isHex(id, 64) || !isHex(pubkey, 64) || !isHex(sig, 128))
    return refuse('event.bad_hex', 'id, pubkey or sig is not lower-case hex of its length')
  return (
    badTag(tags) ??
    Object.freeze({
      id: id as EventId,
      pubkey: pubkey as PubKey,
      created_at: created_at as UnixSec,
      kind,
      tags,
      content,
      sig: sig as Signature,
    })
  )
}

/** Rule 2, first half: the id is the hash of what was parsed. */
export const wrongId = (event: Signed, parts: Parts): Refusal | undefined =>
  idOfParts(event.pubkey, event, parts) === event.id
    ? undefined
    : refuse('event.wrong_id', 'the id is not the hash of the event')

/** Rule 2, second half. Only for an event whose id holds. */
export const wrongSignature = (event: Signed, verifier: Verifier): Refusal | undefined =>
  verifier.verify(fromHex(event.sig), fromHex(event.id), fromHex(event.pubkey))
    ? undefined
    : refuse('event.bad_signature', 'the signature does not hold')

const isCount = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max

// NIP-01: "an array of one or more strings".
const isTags = (value: unknown): value is string[][] => {
  if (!Array.isArray(value)) return false
  for (const tag of value) {
    if (!Array.isArray(tag) || tag.length === 0) return false
    for (const entry of tag) if (typeof entry !== 'string') return false
  }
  return true
}

const HEX = /^[0-9a-f]*$/
const isHex = (text: string, digits: number): boolean => text.length === digits && HEX.test(text)

/** The tags that NIP-01 and NIP-40 give a form: `e` and `p` are hex, `expiration` is one number. */
const badTag = (tags: readonly (readonly string[])[]): Refusal | undefined => {
  let expirations = 0
  for (const [name, value = ''] of tags) {
    if ((name === 'e' || name === 'p') && !isHex(value, 64))
      return refuse('event.bad_hex', 'an e or p tag is not 64 lower-case hex digits')
    if (name === 'expiration' && (++expirations > 1 || !/^(0|[1-9][0-9]{0,14})$/.test(value)))
      return refuse('event.bad_shape', 'expiration is one decimal number of seconds')
  }
  return undefined
}
