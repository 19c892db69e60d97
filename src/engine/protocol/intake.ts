import { BOUNDS } from '../base/bounds.ts'
import { type UnixMs, type UnixSec, unixMs } from '../base/clock.ts'
import {
  type Envelope,
  type Verifier,
  eventOf,
  parseEvent,
  readEvent,
  wrongId,
  wrongSignature,
} from './envelope.ts'
import { NETS, type Net, type Signed, partsOf, tagCount, tagValue, textOf } from './event.ts'
import type { PubKey } from './ids.ts'
import { parseStrict } from './json.ts'
import { KINDS, type KindName, kindClass, kindName } from './kinds.ts'
import { type Bodies, type Message, PUBLIC_KINDS, SCHEMAS, bodyOf } from './messages.ts'
import { MONEY_KINDS, type MoneyKind } from './money.ts'
import { type Refusal, isRefusal, refuse } from './refusal.ts'
import type { ReplayCache } from './replay.ts'

export type { Verifier } from './envelope.ts'

export type IntakeRules = Readonly<{
  verifier: Verifier
  net: Net
  /** Keys that `p` may name: ours, and at a router those on its links that whoever signed may write to. */
  isMe(key: PubKey, event: Signed): boolean
  /**
   * When this process began: it cannot know what it admitted before. 0 for a dialling side: all that is
   * said to it names an AUTH event, an ask, a ticket or a job, and those of another run it does not know;
   * of the clocks of third parties it knows nothing.
   */
  startedAt: UnixMs
  replay: ReplayCache
  /** Most bytes of an event; more than the default only where a link agreed on it. */
  maxBytes?: number
  /** How far an ephemeral's time may be from ours, in ms. */
  freshnessMs?: number
}>

/**
 * An event received as itself: the six rules of protocol.md, section 1, in their order. The id is
 * remembered before the content is looked at, so what passed rules 1 to 4 is paid for once.
 *
 * @param text the event's exact JSON, as it arrived
 * @param now our clock
 */
export const admit = (text: string, rules: IntakeRules, now: UnixMs): Message | Refusal => {
  const read = parseEvent(text, rules.maxBytes)
  if (isRefusal(read)) return read
  const { envelope, parts } = read
  const { event } = envelope
  const refusal =
    wrongId(event, parts) ??
    // An id in the cache was verified before: the one case that needs no second verification.
    seenBefore(event, rules.replay, now) ??
    wrongSignature(event, rules.verifier) ??
    notOurs(event, [rules.net]) ??
    notForUs(event, rules.isMe) ??
    untimely(event, rules, now) ??
    cannotRemember(event, rules.replay, now)
  return refusal ?? messageOf(envelope, kindName(event.kind)!) // ours, says rule 3
}

/**
 * An event that another one carries in its content: rules 1, 2 and 6, `net` and `v`. Its own
 * expiration is held against the carrier's time. A ticket must be addressed to the key that signed
 * the carrier (else it was given to another, and is resold); a manifest or sheet must be that key's.
 */
export const carried = <K extends KindName>(
  raw: unknown,
  kind: K,
  carrier: Signed,
  rules: Pick<IntakeRules, 'verifier' | 'net'>,
): Message<K> | Refusal => {
  const event = eventOf(raw)
  if (isRefusal(event)) return event
  const parts = partsOf(event)
  const refusal =
    wrongId(event, parts) ??
    wrongSignature(event, rules.verifier) ??
    (event.kind === KINDS[kind] ? undefined : refuse('event.unknown_kind', `not a ${kind}`)) ??
    notOurs(event, [rules.net]) ??
    notCarriers(event, kind, carrier) ??
    expired(event, unixMs(carrier.created_at * 1000))
  return refusal ?? messageOf({ event, text: textOf(event, parts) }, kind)
}

/**
 * An event about money that was sealed in another (money.ts): rules 1 to 3, 5 and 6, and its time is within
 * `freshnessMs` of the outer one's. Tab keys are known to nobody but node and client: `isMe` says which are ours.
 */
export const sealed = (
  text: string,
  outerAt: UnixSec,
  rules: Omit<IntakeRules, 'startedAt'>,
  now: UnixMs,
): Message<MoneyKind> | Refusal => {
  const read = parseEvent(text, rules.maxBytes)
  if (isRefusal(read)) return read
  const { envelope, parts } = read
  const { event } = envelope
  const name = MONEY_KINDS.find((kind) => KINDS[kind] === event.kind)
  const apart = Math.abs(event.created_at - outerAt) * 1000
  // A statement is said again as it was signed, whenever that was: its number tells whether it is known.
  const isAgain = name === 'statement'
  const refusal =
    wrongId(event, parts) ??
    (isAgain ? undefined : seenBefore(event, rules.replay, now)) ??
    wrongSignature(event, rules.verifier) ??
    (name ? undefined : refuse('event.unknown_kind', `kind ${event.kind} is not sent sealed`)) ??
    notOurs(event, [rules.net]) ??
    notForUs(event, rules.isMe) ??
    (isAgain || apart <= (rules.freshnessMs ?? BOUNDS.freshnessMs)
      ? undefined
      : refuse('event.stale', 'it is of another time than the event that it came in')) ??
    (isAgain ? undefined : cannotRemember(event, rules.replay, now))
  return refusal ?? messageOf(envelope, name!)
}

/**
 * An event from a file: bytes, id, signature, kind, version, schema. Of any net, since the reader
 * is told which; without a clock and an addressee, since it may be read a year later by anyone.
 */
export const document = (
  text: string,
  rules: Readonly<{ verifier: Verifier }>,
): Message | Refusal => {
  const envelope = readEvent(text, rules)
  if (isRefusal(envelope)) return envelope
  const { kind } = envelope.event
  return notOurs(envelope.event, NETS) ?? messageOf(envelope, kindName(kind)!)
}

/** The first half of rule 3: kind, net and version. */
const notOurs = (event: Signed, nets: readonly Net[]): Refusal | undefined => {
  if (!kindName(event.kind)) return refuse('event.unknown_kind', `kind ${event.kind} is not ours`)
  const net = tagValue(event, 'net')
  const isTwice = tagCount(event, 'net') > 1
  if (isTwice || !(nets as readonly (string | undefined)[]).includes(net))
    return {
      ...refuse('event.wrong_net', `needs one net tag: ${nets.join(' or ')}`),
      ...(!isTwice && { foreign: event }),
    }
  if (tagCount(event, 'v') !== 1 || tagValue(event, 'v') !== '1')
    return refuse('event.unknown_version', 'needs one v tag: 1')
  return undefined
}

/** Receipt and acknowledgement go to a router besides: one `p` for each. */
const SHARED_KINDS: ReadonlySet<KindName> = new Set(['receipt', 'acknowledgement'])

/** The second half of rule 3: the addressee. */
const notForUs = (event: Signed, isMe: IntakeRules['isMe']): Refusal | undefined => {
  const name = kindName(event.kind)
  if (!name || PUBLIC_KINDS.has(name)) return undefined
  let [keys, ours] = [0, 0]
  for (const [tag, key] of event.tags) {
    if (tag !== 'p') continue
    keys++
    if (isMe(key as PubKey, event)) ours++ // 64 hex digits, every one (rule 1)
  }
  const named = ours > 0 && (keys === 1 || SHARED_KINDS.has(name))
  if (named) return undefined
  const refusal = refuse('event.not_for_us', 'the p tag names another key, or several')
  return { ...refusal, stranger: event }
}

const notCarriers = (event: Signed, kind: KindName, carrier: Signed): Refusal | undefined => {
  if (kind === 'ticket') {
    if (tagCount(event, 'p') !== 1 || tagValue(event, 'p') !== carrier.pubkey)
      return refuse('event.not_for_us', 'the ticket was given to another key')
  }
  if ((kind === 'manifest' || kind === 'sheet') && event.pubkey !== carrier.pubkey)
    return refuse('event.not_for_us', `the ${kind} is of another key`)
  return undefined
}

/** Rule 4. Regular kinds may be of any age; of addressable ones only the future is wrong. */
const untimely = (event: Signed, rules: IntakeRules, now: UnixMs): Refusal | undefined => {
  const { freshnessMs = BOUNDS.freshnessMs } = rules
  const age = now - event.created_at * 1000
  const nature = kindClass(event.kind)
  const clocks = { now, event }
  if (nature === 'ephemeral' && age > freshnessMs)
    return refuse('event.stale', `older than ${freshnessMs / 1000} s by our clock`, clocks)
  if (nature !== 'regular' && -age > freshnessMs)
    return refuse('event.from_future', `over ${freshnessMs / 1000} s ahead of our clock`, clocks)
  // created_at has no milliseconds: what was made in the second in which we began is let in.
  if (nature === 'ephemeral' && event.created_at < Math.floor(rules.startedAt / 1000))
    return refuse('event.before_start', 'made before we began', clocks)
  return expired(event, now)
}

/** NIP-40, in the form that rule 1 has checked. */
const expired = (event: Signed, at: UnixMs): Refusal | undefined => {
  const expiration = tagValue(event, 'expiration')
  return expiration !== undefined && Number(expiration) * 1000 <= at
    ? refuse('event.expired', 'its expiration has passed')
    : undefined
}

const seenBefore = (event: Signed, replay: ReplayCache, now: UnixMs): Refusal | undefined =>
  replay.seen(event.id, now) ? refuse('event.replayed', 'it was received before') : undefined

const cannotRemember = (event: Signed, replay: ReplayCache, now: UnixMs): Refusal | undefined =>
  replay.add(event.id, now)
    ? undefined
    : refuse('event.overloaded', 'too many events at once, send it again later')

/** Rule 6, and the only place where something becomes `Verified`. */
const messageOf = <K extends KindName>(envelope: Envelope, name: K): Message<K> | Refusal => {
  const refusal = badTags(envelope.event, name)
  if (refusal) return refusal
  const { event, text } = envelope
  const content = parseStrict(event.content, { maxDepth: BOUNDS.jsonDepth })
  if (isRefusal(content))
    return refuse('event.bad_content', `${content.refused}: ${content.detail}`)
  const body = bodyOf(name, content.value) ?? slowBodyOf(name, JSON.parse(event.content))
  return isRefusal(body) ? body : (Object.freeze({ event, text, body, name }) as Message<K>)
}

/** What the schema itself says: above all what is wrong. */
const slowBodyOf = <K extends KindName>(name: K, content: unknown): Bodies[K] | Refusal => {
  const result = SCHEMAS[name].safeParse(content)
  if (result.success) return result.data as Bodies[K]
  const [issue] = result.error.issues
  const where =
    (issue?.path ?? [])
      .join('.')
      .slice(0, 100)
      .replace(/[^\w.]/g, '?') || 'content'
  return refuse('event.bad_content', `${name}: ${where} (${issue?.code})`)
}

/** What protocol.md, section 2, demands of a kind's tags. */
const badTags = (event: Signed, name: KindName): Refusal | undefined => {
  const addressable = kindClass(event.kind) === 'addressable'
  if (addressable && tagCount(event, 'd') !== 1)
    return refuse('event.bad_content', `a ${name} needs one d tag`)
  if ((addressable || name === 'ticket') && tagValue(event, 'expiration') === undefined)
    return refuse('event.bad_content', `a ${name} needs an expiration`)
  return undefined
}
