import { type UnixMs, unixMs } from '../../base/clock.ts'
import { tagValue } from '../../protocol/event.ts'
import type { EventId } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { type Public, publicOf } from './shelf.ts'
import type { RouterState, Turn } from './state.ts'

/** Manifests, sheets and statuses of a router's parties: what its door serves, and no more of it than fits. */

/** Keeps an addressable event for the door. A newer one replaces the older (NIP-01); sheets stay by id. */
export const publish = (turn: Turn, message: Message<Public['name']>): void => {
  const { directory, published } = turn.state
  const { event } = message
  const own = published.get(event.pubkey) ?? new Map<string, EventId>()
  const address = addressOf(message)
  const older = own.get(address)
  // NIP-01: of two the newer holds, whichever came last.
  if (older && (directory.get(older)?.event.created_at ?? 0) > event.created_at) return
  if (older) drop(turn.state, older)
  published.set(event.pubkey, own.set(address, event.id))
  const kept = publicOf(message)
  directory.set(event.id, kept)
  arm(turn, kept)
  // `d` is the author's choice: whoever has ever new ones loses its own oldest.
  if (own.size > ADDRESSES_PER_KEY) drop(turn.state, own.values().next().value!)
  if (directory.size > MOST_PUBLISHED) makeRoom(turn.state)
}

/** A `directory:` deadline fell due: what is still in force stays. */
export const onOutdated = (turn: Turn, id: EventId): void => {
  const { directory, nodes } = turn.state
  const message = directory.get(id)
  if (!message) return
  const node = nodes.get(message.event.pubkey)
  const inForce =
    message.name === 'sheet' ? node?.sheets.has(id) : (expiryOf(message) ?? 0) > turn.now
  if (node && inForce) arm(turn, message)
  else drop(turn.state, id)
}

/** When an event stops to hold, from its NIP-40 tag. */
export const expiryOf = ({ event }: Pick<Public, 'event'>): UnixMs | undefined => {
  const seconds = Number(tagValue(event, 'expiration'))
  return Number.isSafeInteger(seconds) && seconds > 0 ? unixMs(seconds * 1000) : undefined
}

/** Sheets are served for a while after their node has others or is gone, since receipts name them. */
const arm = ({ state, now }: Turn, message: Public): void => {
  const kept = now + state.bounds.sheetKeptMs
  const until = message.name === 'sheet' ? kept : Math.min(kept, expiryOf(message) ?? now)
  state.deadlines.set(`directory:${message.event.id}`, unixMs(until))
}

const addressOf = (message: Public): string =>
  message.name === 'sheet'
    ? message.event.id
    : `${message.event.kind}:${tagValue(message.event, 'd') ?? ''}`

const drop = ({ directory, published, deadlines }: RouterState, id: EventId): void => {
  const message = directory.get(id)
  if (!message) return
  directory.delete(id)
  deadlines.clear(`directory:${id}`)
  const own = published.get(message.event.pubkey)
  own?.delete(addressOf(message))
  if (own?.size === 0) published.delete(message.event.pubkey)
}

/** The oldest goes, of a node that is gone where there is one; our own manifest never. */
const makeRoom = (state: RouterState): void => {
  let oldest: EventId | undefined
  let steps = 0
  for (const { event } of state.directory.values()) {
    const id = event.id
    if (event.pubkey === state.signer.pubkey) continue
    oldest ??= id
    if (!state.nodes.has(event.pubkey)) return drop(state, id)
    if (++steps >= 100) break
  }
  if (oldest) drop(state, oldest)
}

const ADDRESSES_PER_KEY = 16
const MOST_PUBLISHED = 20_000
