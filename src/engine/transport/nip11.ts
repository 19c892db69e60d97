import type { Bounds } from '../base/bounds.ts'
import { FRAME_HEADER_BYTES } from '../protocol/frames.ts'
import type { DoorOptions } from './network.ts'

/** Longest subscription id (NIP-01). */
export const SUBSCRIPTION_ID_CHARS = 64
/** Most stored events in one answer. */
export const STORED_AT_ONCE = 500
/** What a text message may be longer than the event in it, bytes. */
export const TEXT_SLACK = 1_024

/** The largest message that a socket takes, text or binary, bytes. */
export const messageBytes = (bounds: Bounds): number =>
  Math.max(bounds.frameBytes + FRAME_HEADER_BYTES, bounds.eventBytes + TEXT_SLACK)

/** What is answered to HTTP: the NIP-11 document to who asks for it, else a line for people. */
export const answerHttp = (request: Request, door: DoorOptions, bounds: Bounds): Response => {
  if (request.method !== 'GET') return new Response('only GET\n', { status: 405 })
  if (!request.headers.get('accept')?.includes('application/nostr+json'))
    return new Response('A fedai door. It speaks Nostr (NIP-01, NIP-42) over WebSocket.\n')
  return Response.json(documentOf(door, bounds), {
    headers: { 'content-type': 'application/nostr+json', 'access-control-allow-origin': '*' },
  })
}

// NIP-40 is not claimed: expired sheets are served by id for two days, since receipts name them.
const documentOf = (door: DoorOptions, bounds: Bounds) => ({
  name: door.name,
  description:
    'A fedai door: AI jobs, sealed and metered. It keeps the announcements of its parties only.',
  pubkey: door.key,
  self: door.key,
  software: 'fedai',
  supported_nips: [1, 11, 42],
  limitation: {
    max_message_length: bounds.eventBytes + TEXT_SLACK,
    max_subscriptions: bounds.subscriptionsPerLink,
    max_filters: bounds.filtersPerSubscription,
    max_subid_length: SUBSCRIPTION_ID_CHARS,
    max_limit: STORED_AT_ONCE,
    default_limit: STORED_AT_ONCE,
    auth_required: false,
    restricted_writes: true,
    payment_required: false,
  },
})
