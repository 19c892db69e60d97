import { Fault } from '../../base/fault.ts'
import { tagValue } from '../../protocol/event.ts'
import { KINDS } from '../../protocol/kinds.ts'
import type { Message } from '../../protocol/messages.ts'
import { aheadOf, clockSentence, isOff } from '../../protocol/skew.ts'
import type { WireEvent } from '../wire.ts'
import { finishJob } from './ending.ts'
import { type ClientTurn, tell } from './state.ts'

/** Two clocks that do not agree: a little is said once, too much ends what waits. */

/** The router's first word says what its clock says. */
export const noteClock = ({ state, now }: ClientTurn, quota: Message<'quota'>): void => {
  const aheadMs = aheadOf(quota.event.created_at, now)
  state.clockAheadMs = isOff(aheadMs) ? aheadMs : null
  state.clockFault = null
}

/** Says it with the first job that hears of it, and not again; no job waits for a router by another time. */
export const sayClock = (turn: ClientTurn): void => {
  const { clockAheadMs, clockFault, jobs } = turn.state
  if (clockFault)
    for (const job of jobs.values()) if (job.phase === 'waiting') finishJob(turn, job, clockFault)
  const job = jobs.values().next().value
  if (clockAheadMs === null || !job || turn.state.link === null) return
  turn.state.clockAheadMs = null
  tell(turn, job, { type: 'clock', aheadMs: clockAheadMs })
}

/**
 * An event was refused by its time. Of the router's first word we know that it is fresh, since it names
 * our AUTH event: one of the two clocks is off by more than a job can bear.
 */
export const onUntimely = (
  turn: ClientTurn,
  { link, event }: Extract<WireEvent, { type: 'untimely' }>,
): void => {
  const { state, now } = turn
  if (event.kind !== KINDS.quota || event.pubkey !== state.router) return
  if (tagValue(event, 'e') !== state.auths.get(link)) return
  state.deadlines.clear(`quota:${link}`)
  turn.effects.push({ do: 'close', link, reason: 'the clocks do not agree' })
  state.clockFault = faultOf(aheadOf(event.created_at, now))
}

/** What a router's refusal of an event by its time means, null where it is about something else. */
export const clockFaultOf = (turn: ClientTurn, reason: string): Fault | null => {
  const [, theirs] = REFUSED_BY_TIME.exec(reason) ?? []
  if (theirs === undefined) return null
  return faultOf(Math.round((Number(theirs) - turn.now) / 1000) * 1000)
}

const faultOf = (aheadMs: number): Fault =>
  new Fault('unavailable', 'clock.off', clockSentence(aheadMs), {
    hint: 'set the clock of this machine (timedatectl set-ntp true), or ask another router',
  })

/** What a door says of an event by the wrong time (docs/protocol.md, section 1). */
const REFUSED_BY_TIME =
  /^invalid: event\.(?:stale|from_future|before_start): .*\(my clock says (\d{1,16})\)$/
