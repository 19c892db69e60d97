import { z } from 'zod'
import { fromHex } from '../base/bytes.ts'
import { toSec, type UnixMs, type UnixSec } from '../base/clock.ts'
import type { Secp256k1 } from '../identity/seams.ts'
import { type Draft, idOf, tagValue } from '../protocol/event.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { AUTH_KIND } from '../protocol/kinds.ts'
import { aheadOf, clockSentence } from '../protocol/skew.ts'
import { isLocalHost } from './addresses.ts'

/** What a door's refusal of our proof means to people, where it is about our clock. */
export const refusalOf = (message: string, now: UnixMs): string => {
  const [, theirs] = /from the clock here, (\d{1,12})$/.exec(message) ?? []
  if (theirs === undefined) return message
  return `${message}: ${clockSentence(aheadOf(Number(theirs) as UnixSec, now))}`
}

/** How far `created_at` of an AUTH event may be from our clock (NIP-42), s. */
const FRESH_SEC = 600

/** The event that proves a key to the door at `address` (NIP-42). */
export const authDraft = (address: string, challenge: string, now: UnixMs): Draft => ({
  kind: AUTH_KIND,
  created_at: toSec(now),
  tags: [
    ['relay', address],
    ['challenge', challenge],
  ],
  content: '',
})

/**
 * Checks an AUTH event (NIP-42), parsed but otherwise as it came.
 * @returns the key that it proves and how far its clock is ahead, or the reason for `OK false`
 */
export const checkAuth = (
  value: unknown,
  expected: {
    challenge: string
    now: UnixMs
    verifier: Pick<Secp256k1, 'verify'>
    /** Whether an address in the `relay` tag is this door's. */
    isOurs: (relay: string) => boolean
  },
): { key: PubKey; id: EventId; aheadMs: number } | string => {
  const parsed = shape.safeParse(value)
  if (!parsed.success) return 'invalid: not an AUTH event'
  const event = parsed.data as z.output<typeof shape> & Draft
  if (tagValue(event, 'challenge') !== expected.challenge)
    return 'restricted: the challenge is not the one of this connection'
  const relay = tagValue(event, 'relay') ?? ''
  if (!expected.isOurs(relay)) return `restricted: this door is not known as ${relay.slice(0, 100)}`
  if (Math.abs(event.created_at - toSec(expected.now)) > FRESH_SEC)
    return `restricted: created_at is more than ${FRESH_SEC} s from the clock here, ${toSec(expected.now)}`
  const key = event.pubkey as PubKey
  const id = idOf(key, event)
  if (id !== event.id) return 'invalid: the id is not the hash of the event'
  if (!expected.verifier.verify(fromHex(event.sig), fromHex(id), fromHex(key)))
    return 'invalid: the signature does not hold'
  return { key, id, aheadMs: aheadOf(event.created_at, expected.now) }
}

/**
 * Whether an address in an AUTH event's `relay` tag is that of a door. The Host header is not asked:
 * whoever lured a client to a door of his own chooses it, when he passes that client's AUTH on to
 * this one. Local names need the right port only; public ones must be the door's by configuration.
 */
export const ownAddress =
  (port: number, hosts: readonly string[]) =>
  (relay: string): boolean => {
    const url = URL.parse(relay)
    if (!url || !/^wss?:$/.test(url.protocol)) return false
    const own = hosts.some((host) => URL.parse(`${url.protocol}//${host}`)?.host === url.host)
    const urlPort = Number(url.port) || (url.protocol === 'wss:' ? 443 : 80)
    return own || (urlPort === port && isLocalHost(url.hostname))
  }

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))
const shape = z.object({
  id: hex(64),
  pubkey: hex(64),
  created_at: z.number().int().min(0),
  kind: z.literal(AUTH_KIND),
  tags: z.array(z.array(z.string().max(300)).max(5)).max(10),
  content: z.string().max(1_000),
  sig: hex(128),
})
