import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { placeOf } from './counter.ts'

/** Said with HTTP 429 to who is not let in, and in a NOTICE to who makes way. */
export const CROWDED = 'too many connections from your address'

/** Answers an AUTH by one key more than an address may have. */
export const TOO_MANY_KEYS = 'restricted: too many keys from your address'

/** A connection at a door. */
export type Guest = Readonly<{
  /** Whether a key was proven on it. */
  isKnown(): boolean
  /** Ends it now: another one takes its place. */
  makeWay(): void
}>

type Place = { count: number; strangers: Set<Guest> }

/**
 * The connections of a door, by the address that they come from, at most `most` for each. Where there are as many, the
 * oldest goes that has shown no key: else whoever opens that many and says nothing keeps out all who share an address
 * with him. To keep them out he must open as many anew within each of their handshakes. Who has shown a key is never made to go.
 */
export class Crowd {
  private readonly places = new Map<string, Place>()

  /** @param crowded told of each address that has one more than it may */
  constructor(
    private readonly most: number,
    private readonly crowded: (address: string) => void,
  ) {}

  /** One more from there. False where it has its share, and all of them have shown a key; nothing was counted then. */
  enter(address: string): boolean {
    const name = placeOf(address)
    const place = this.places.get(name) ?? { count: 0, strangers: new Set() }
    if (place.count >= this.most) {
      this.crowded(address)
      const oldest = oldestStranger(place)
      if (!oldest) return false
      // Its end is told (`left`) before this returns.
      oldest.makeWay()
    }
    place.count++
    this.places.set(name, place)
    return true
  }

  /** Its handshake is done. */
  arrived(address: string, guest: Guest): void {
    this.places.get(placeOf(address))?.strangers.add(guest)
  }

  /** It is gone, or its handshake failed. */
  left(address: string, guest: Guest | null): void {
    const name = placeOf(address)
    const place = this.places.get(name)
    if (!place) return
    if (guest) place.strangers.delete(guest)
    if (--place.count === 0) this.places.delete(name)
  }
}

/** Those that have shown a key since they came are struck off on the way: each once. */
const oldestStranger = ({ strangers }: Place): Guest | undefined => {
  for (const guest of strangers) {
    strangers.delete(guest)
    if (!guest.isKnown()) return guest
  }
  return undefined
}

/** Says which address is crowded, and how often that was so since it was said last: once a minute at most. */
export const crowdLog = (log: Log | undefined, clock: Clock): ((address: string) => void) => {
  let count = 0
  let saidAt: number | undefined
  return (address) => {
    count++
    const now = clock.ticks()
    if (saidAt !== undefined && now - saidAt < EVERY_MS) return
    log?.warn('door.crowded', { address: placeOf(address), count })
    saidAt = now
    count = 0
  }
}

const EVERY_MS = 60_000
