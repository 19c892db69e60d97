import { utf8Length } from '../base/bytes.ts'
import { type Bounds, MIB } from '../base/bounds.ts'
import type { Clock } from '../base/clock.ts'
import { tagValue } from '../protocol/event.ts'
import type { PubKey } from '../protocol/ids.ts'
import { unknown } from './answers.ts'
import { addresseesOf, isAddressed, matcherOf, parseFilter } from './filter.ts'
import type { Delivery, Filter, Indexed } from './link.ts'
import { STORED_AT_ONCE, SUBSCRIPTION_ID_CHARS } from './nip11.ts'

type Subscription = { prefix: string; wants: readonly Wanted[] }
type Wanted = { isPublic: boolean; matches: (event: Indexed) => boolean }
type Held = { event: Indexed; text: string; settle: (delivery: Delivery) => void }

/** Events that wait for the first subscription of a key that has just proven itself, and how long, ms. */
const MOST_HELD = 16
const HELD_MS = 5_000
const DELIVERED: Promise<Delivery> = Promise.resolve({ state: 'delivered' })
/** Most bytes of stored events in one answer. */
const STORED_BYTES = 4 * MIB

/** The subscriptions of one link at a door (NIP-01), and who may have which (NIP-42). */
export class Subscriptions {
  private readonly standing = new Map<string, Subscription>()
  /** Keys whose messages were subscribed to at least once. */
  private readonly heard = new Set<string>()
  private held: Held[] = []

  constructor(
    private readonly bounds: Bounds,
    private readonly clock: Clock,
    private readonly stored: (filter: Filter) => string[],
    private readonly write: (text: string) => boolean,
  ) {}

  get size(): number {
    return this.standing.size
  }

  /** REQ: answers with stored events and EOSE, or with CLOSED. Returns what is wrong with the message, or null. */
  open(id: string | undefined, values: unknown[], keys: ReadonlySet<PubKey>): string | null {
    if (id === undefined || id.length < 1 || id.length > SUBSCRIPTION_ID_CHARS)
      return 'invalid: a subscription id has 1 to 64 characters'
    const filters = values.map(parseFilter)
    const refusal = this.refusal(id, filters, keys)
    if (refusal !== null) {
      this.standing.delete(id)
      this.write(JSON.stringify(['CLOSED', id, refusal]))
      return null
    }
    const known = filters.filter((filter) => filter !== undefined)
    this.standing.set(id, {
      prefix: `["EVENT",${JSON.stringify(id)},`,
      wants: known.map((filter) => ({
        isPublic: addresseesOf(filter) === null,
        matches: matcherOf(filter),
      })),
    })
    for (const filter of known) for (const key of addresseesOf(filter) ?? []) this.heard.add(key)
    this.answerStored(id, known)
    this.releaseHeld()
    return null
  }

  close(id: string): void {
    this.standing.delete(id)
  }

  /** A live event goes to the first subscription that it matches. */
  deliver(event: Indexed, text: string): Promise<Delivery> {
    const subscription = this.subscriptionFor(event)
    if (subscription)
      return this.write(`${subscription.prefix}${text}]`)
        ? DELIVERED
        : Promise.resolve(unknown('the link is closed'))
    const to = tagValue(event, 'p')
    if (to === undefined || this.heard.has(to) || this.held.length >= MOST_HELD)
      return Promise.resolve(unknown('mute: no subscription for it'))
    // AUTH comes before REQ, and the owner answers AUTH at once: its answer waits for the REQ.
    const { promise, resolve } = Promise.withResolvers<Delivery>()
    const stop = this.clock.after(HELD_MS, () => {
      this.held = this.held.filter((it) => it !== held)
      resolve(unknown('mute: no subscription came'))
    })
    const settle = (delivery: Delivery) => {
      stop()
      resolve(delivery)
    }
    const held: Held = { event, text, settle }
    this.held.push(held)
    return promise
  }

  end(reason: string): void {
    for (const held of this.held.splice(0)) held.settle(unknown(`the link closed: ${reason}`))
    this.standing.clear()
  }

  private refusal(
    id: string,
    filters: readonly (Filter | undefined)[],
    keys: ReadonlySet<PubKey>,
  ): string | null {
    if (filters.length === 0) return 'invalid: REQ without a filter'
    if (filters.length > this.bounds.filtersPerSubscription) return 'invalid: too many filters'
    if (!this.standing.has(id) && this.standing.size >= this.bounds.subscriptionsPerLink)
      return 'restricted: too many subscriptions'
    for (const filter of filters) {
      if (!filter) return 'invalid: not a filter that is understood here'
      const addressees = addresseesOf(filter)
      if (addressees === null) continue
      if (keys.size === 0) return 'auth-required: messages are for their addressees (NIP-42)'
      if (addressees.length === 0 || !addressees.every((key) => keys.has(key as PubKey)))
        return 'restricted: only the messages of keys that you proved, by #p'
    }
    return null
  }

  private answerStored(id: string, filters: readonly Filter[]): void {
    const sent = new Set<string>()
    let bytes = 0
    for (const filter of filters) {
      // What is addressed is never stored.
      if (addresseesOf(filter) !== null) continue
      const most = Math.min(filter.limit ?? STORED_AT_ONCE, STORED_AT_ONCE)
      for (const text of this.stored(filter).slice(0, most)) {
        bytes += utf8Length(text)
        if (sent.has(text) || sent.size >= STORED_AT_ONCE || bytes > STORED_BYTES) continue
        sent.add(text)
        this.write(`["EVENT",${JSON.stringify(id)},${text}]`)
      }
    }
    this.write(JSON.stringify(['EOSE', id]))
  }

  private subscriptionFor(event: Indexed): Subscription | undefined {
    const isPublic = !isAddressed(event.kind)
    for (const subscription of this.standing.values())
      for (const wanted of subscription.wants)
        if (isPublic === wanted.isPublic && wanted.matches(event)) return subscription
    return undefined
  }

  private releaseHeld(): void {
    for (const held of this.held.splice(0)) {
      const subscription = this.subscriptionFor(held.event)
      if (subscription && this.write(`${subscription.prefix}${held.text}]`))
        held.settle({ state: 'delivered' })
      else if (subscription) held.settle(unknown('the link is closed'))
      else this.held.push(held)
    }
  }
}
