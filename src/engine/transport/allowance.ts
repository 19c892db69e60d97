import type { Bounds } from '../base/bounds.ts'
import type { Clock } from '../base/clock.ts'

/** Messages other than events that a link may send at once, and per second. */
const MESSAGES = { burst: 60, perSecond: 20 }
/** Offences after which a link is closed; one is forgiven a minute, so that links may live for months. */
const OFFENCES = { burst: 20, perSecond: 1 / 60 }
/**
 * What an accepted event costs. A link that does what it is here for may send twenty times as
 * many as one whose events nobody wants, and needs no rank for it that anybody could claim.
 */
const ACCEPTED_COST = 1 / 20

/** Bytes outside accepted jobs that may come at once, in seconds of their rate. */
const STRAY_SECONDS = 5

/** What one link may do: buckets for events, all other messages, bytes of no job, offences. */
export class Allowance {
  private readonly events: Bucket
  private readonly messages: Bucket
  private readonly offences: Bucket
  private readonly strays: Bucket

  constructor(
    clock: Clock,
    bounds: Pick<Bounds, 'eventsBurst' | 'eventsPerSecond' | 'strayBytesPerSecond'>,
  ) {
    const perSecond = bounds.strayBytesPerSecond
    this.strays = new Bucket({ burst: STRAY_SECONDS * perSecond, perSecond }, clock)
    const events = { burst: bounds.eventsBurst, perSecond: bounds.eventsPerSecond }
    this.events = new Bucket(events, clock)
    this.messages = new Bucket(MESSAGES, clock)
    this.offences = new Bucket(OFFENCES, clock)
  }

  /** One event more; false where it was one too many. */
  event(): boolean {
    return this.events.take()
  }

  /** An event was accepted: most of what it cost is given back. */
  taken(): void {
    this.events.give(1 - ACCEPTED_COST)
  }

  /** One message other than an event; false where it was one too many. */
  message(): boolean {
    return this.messages.take()
  }

  /** So many bytes of no accepted job; false where they were too many. Fewer than 0 come back. */
  stray(bytes: number): boolean {
    if (bytes >= 0) return this.strays.take(bytes)
    this.strays.give(-bytes)
    return true
  }

  /** Counts an offence; false where it was one too many. */
  offend(): boolean {
    return this.offences.take()
  }
}

/**
 * Closing handshakes that a door begins. A peer that does not answer keeps its socket for up to 16 s more, whatever is
 * done (bun 1.4.5), and nobody counts it: with one for each offence an address had thousands. So few may linger; who is
 * told to go beyond that is cut off.
 */
export const goodbyes = (clock: Clock): Bucket => new Bucket({ burst: 64, perSecond: 4 }, clock)

/** Tokens that come at a rate, up to a burst. */
export class Bucket {
  private tokens: number
  private at: number

  constructor(
    private readonly size: Readonly<{ burst: number; perSecond: number }>,
    private readonly clock: Clock,
  ) {
    this.tokens = size.burst
    this.at = clock.ticks()
  }

  take(tokens = 1): boolean {
    const now = this.clock.ticks()
    this.give(((now - this.at) * this.size.perSecond) / 1000)
    this.at = now
    if (this.tokens < tokens) return false
    this.tokens -= tokens
    return true
  }

  give(tokens: number): void {
    this.tokens = Math.min(this.size.burst, this.tokens + tokens)
  }
}
