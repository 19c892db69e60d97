import type { EventId } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { matcherOf } from '../../transport/filter.ts'
import type { Filter, Indexed } from '../../transport/link.ts'
import { STORED_AT_ONCE } from '../../transport/nip11.ts'

/** A public event as a door serves it: by what filters look at, and its text. A router keeps some of each node. */
export type Public = Readonly<{
  name: 'manifest' | 'sheet' | 'status'
  event: Indexed
  text: string
}>

/** What a door may serve, without what its text says again. */
export const publicOf = ({ name, event, text }: Message<Public['name']>): Public => {
  const { id, pubkey, created_at, kind, tags } = event
  return { name, event: { id, pubkey, created_at, kind, tags }, text }
}

/** Public events by id and by age, so that strangers' questions cost little (NIP-01, REQ). */
export class Shelf {
  private readonly byId = new Map<EventId, Public>()
  /** As a door answers: newest first, of equal age the lower id first (NIP-01). */
  private readonly newest: Public[] = []

  get size(): number {
    return this.byId.size
  }

  get(id: EventId): Public | undefined {
    return this.byId.get(id)
  }

  has(id: EventId): boolean {
    return this.byId.has(id)
  }

  set(id: EventId, message: Public): void {
    this.delete(id)
    this.byId.set(id, message)
    this.newest.splice(this.placeOf(message), 0, message)
  }

  delete(id: EventId): void {
    const message = this.byId.get(id)
    if (!message) return
    this.byId.delete(id)
    this.newest.splice(this.placeOf(message), 1)
  }

  /** In the order in which they came. */
  values(): Iterable<Public> {
    return this.byId.values()
  }

  /**
   * Exact texts of what matches, newest first: as many as the filter's `limit`, 500 at most. Ids are
   * looked up; other filters are held against each event until there are enough.
   */
  find(filter: Filter): string[] {
    const matches = matcherOf(filter)
    const most = Math.min(filter.limit ?? STORED_AT_ONCE, STORED_AT_ONCE)
    const found: string[] = []
    for (const message of filter.ids ? this.named(filter.ids) : this.newest) {
      if (found.length >= most) break
      if (matches(message.event)) found.push(message.text)
    }
    return found
  }

  private named(ids: readonly string[]): Public[] {
    const messages = [...new Set(ids)].map((id) => this.byId.get(id as EventId))
    return messages.filter((it) => it !== undefined).sort(byAge)
  }

  /** Where a message is in `newest`, or belongs: by halving. */
  private placeOf(message: Public): number {
    let [from, to] = [0, this.newest.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (byAge(this.newest[middle]!, message) < 0) from = middle + 1
      else to = middle
    }
    return from
  }
}

const byAge = ({ event: a }: Public, { event: b }: Public): number =>
  b.created_at - a.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
