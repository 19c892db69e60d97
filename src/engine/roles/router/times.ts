import { type UnixMs, unixMs } from '../../base/clock.ts'
import { shiftProofs } from '../../spending/proofs.ts'
import type { RouterState } from './state.ts'

/**
 * The clock was set by so many ms (loop.ts): what is held to measure by moves with it. A time to the
 * first piece of less than nothing, or of a day, would be learned of the node, and a hold of three
 * seconds would last a day.
 */
export const shiftTimes = (state: RouterState, by: number): void => {
  const shifted = (at: UnixMs) => unixMs(at + by)
  state.letters.shift(by)
  state.fee?.book.deadlines.shift(by)
  for (const proofs of [state.proofs, state.oldProofs]) if (proofs) shiftProofs(proofs, by)
  for (const { placings } of state.jobs.values())
    for (const it of placings) {
      it.forwardedAt = shifted(it.forwardedAt)
      it.acceptedAt &&= shifted(it.acceptedAt)
      it.firstAt &&= shifted(it.firstAt)
    }
  for (const it of state.tickets.values()) it.heldUntil &&= shifted(it.heldUntil)
  if (state.begun) state.begun.until = shifted(state.begun.until)
  for (const it of state.offers.values()) it.expires = shifted(it.expires)
  for (const it of state.nodes.values()) it.offeredUntil &&= shifted(it.offeredUntil)
  for (const it of state.limits.values()) it.holds = it.holds.map(shifted)
  for (const [place, holds] of state.placeHolds) state.placeHolds.set(place, holds.map(shifted))
}
