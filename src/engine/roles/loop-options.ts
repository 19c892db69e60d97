import type { Fault } from '../base/fault.ts'
import type { Clock, UnixMs } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Log } from '../base/log.ts'
import type { Signed } from '../protocol/event.ts'
import type { EventId } from '../protocol/ids.ts'
import type { IntakeRules } from '../protocol/intake.ts'
import type { MoneyStore } from '../storage/money-store.ts'
import type { Store } from '../storage/store.ts'
import type { Delivery, Link } from '../transport/link.ts'
import type { Decision, LinkId, WireEffect } from './wire.ts'

/** Effects of one role that are not of the wire are performed by `other`. */
export type LoopOptions<State, Event, Effect> = {
  state: State
  decide: (state: State, event: Event, now: UnixMs) => Decision<State, Effect>
  deadlines: (state: State) => Deadlines
  /** The clock was set by so many ms: moves the times that are held. Deadlines are moved without it. */
  clockSet?: (state: State, by: number) => void
  other: (effect: Exclude<Effect, WireEffect>) => void
  rules: IntakeRules
  clock: Clock
  store: Store
  /** The part of it that counts money, for a role that does. */
  money?: MoneyStore
  log: Log
  /** What became of an event that was sent, for a role that wants to know: only then are answers counted. */
  delivered?: (link: LinkId, id: EventId, delivery: Delivery) => void
  /** Whether an honest peer may have said this, though it is for a key that is not here. */
  mayBeAbsent?: (state: State, event: Signed) => boolean
  /** Told of a new link before anything else comes from it. */
  joined?: (link: Link) => void
  /** The store takes nothing more, or a mind threw: the role must stop. */
  broken: (fault: Fault) => void
}
