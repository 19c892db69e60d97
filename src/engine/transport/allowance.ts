import type { Clock } from '../base/clock.ts'

/** Messages other than events that a link may send at once, and per second. */
const BURST = 60
const PER_SECOND = 20
/** Malformed or excessive messages after which a link is closed. */
const OFFENCES = 20

/** What one link may do: a token bucket for control messages, and a count of offences. */
export class Allowance {
  private tokens = BURST
  private offences = 0
  private at: number

  constructor(private readonly clock: Clock) {
    this.at = clock.now()
  }

  take(): boolean {
    const now = this.clock.now()
    this.tokens = Math.min(BURST, this.tokens + (Math.max(0, now - this.at) * PER_SECOND) / 1000)
    this.at = now
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }

  /** Counts an offence; false where it was one too many. */
  offend(): boolean {
    return ++this.offences <= OFFENCES
  }
}
