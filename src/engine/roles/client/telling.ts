import { unixMs } from '../../base/clock.ts'
import type { EventId, JobTag } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Outcome } from './news.ts'
import type { ClientTurn } from './state.ts'

/**
 * A job that drew on a tab is told to have ended when its statement is here, too, since whoever asked may leave
 * then; or a second after its receipt.
 */

/** Tells it later. @returns false where no statement follows */
export const tellLater = (
  { state, now }: ClientTurn,
  tag: JobTag,
  receipt: EventId,
  outcome: Outcome,
): boolean => {
  if (!state.money?.expected.has(tag) || state.link === null) return false
  state.money.telling.set(tag, { receipt, outcome })
  state.deadlines.set(`told:${tag}`, unixMs(now + TOLD_WITHIN_MS))
  return true
}

/** The statement about its receipt came. */
export const tellWith = (turn: ClientTurn, { event, body }: Message<'statement'>): void => {
  for (const [tag, { receipt, outcome }] of turn.state.money!.telling)
    if (receipt === body.receipt && outcome.node === event.pubkey)
      tellNow(turn, tag, { ...outcome, bundle: { ...outcome.bundle, statement: event } })
}

/** It did not come in time; or nobody waits any more. */
export const tellNow = (
  { state, effects }: ClientTurn,
  tag: JobTag,
  outcome = state.money?.telling.get(tag)?.outcome,
): void => {
  state.money?.telling.delete(tag)
  state.deadlines.clear(`told:${tag}`)
  if (outcome) effects.push({ do: 'tell', job: outcome.job, news: { type: 'ended', outcome } })
}

/** How long after its receipt. */
const TOLD_WITHIN_MS = 1_000
