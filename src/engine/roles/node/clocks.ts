import { tagValue } from '../../protocol/event.ts'
import { KINDS } from '../../protocol/kinds.ts'
import { aheadOf, isOff } from '../../protocol/skew.ts'
import type { WireEvent } from '../wire.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { UnixSec } from '../../base/clock.ts'
import type { NodeTurn } from './state.ts'

/**
 * By how much a router's clock is ahead of ours, by its first word; 0 where it is not worth a word. It is
 * said once for each router. Tickets end by the router's clock: else one of a node 20 s behind would be as
 * good as over when it arrives.
 */
export const noteClock = (turn: NodeTurn, router: PubKey, dated: UnixSec): number => {
  const aheadMs = aheadOf(dated, turn.now)
  const said = turn.state.clocks.get(router) ?? 0
  if (isOff(aheadMs - said)) {
    turn.state.clocks.set(router, aheadMs)
    const seconds = Math.abs(aheadMs) / 1000
    const fields = { router, seconds, ours_is: aheadMs > 0 ? 'behind' : 'ahead' }
    turn.effects.push({ do: 'log', level: 'warn', event: 'clock.off', fields })
  }
  return isOff(aheadMs) ? aheadMs : 0
}

/** The router's first word was refused by its time; it names our AUTH event, so it is fresh. */
export const onUntimely = (
  turn: NodeTurn,
  { link, event }: Extract<WireEvent, { type: 'untimely' }>,
): void => {
  const { state } = turn
  if (event.kind !== KINDS.quota || event.pubkey !== state.pinned.get(link)) return
  if (tagValue(event, 'e') !== state.auths.get(link)) return
  noteClock(turn, event.pubkey, event.created_at)
  state.deadlines.clear(`quota:${link}`)
  turn.effects.push({ do: 'close', link, reason: 'the clocks do not agree' })
}
