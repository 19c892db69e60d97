import type { Written } from '../../protocol/draft.ts'
import { MOST_SPAN_MS } from '../../protocol/fields.ts'
import type { Contents } from '../../protocol/messages.ts'
import type { Ranked } from '../../routing/rank.ts'
import type { PoolTicket } from './pool-ticket.ts'
import type { Turn } from './state.ts'

/** As many of the best as one event can carry: tickets of nodes with many models are long. */
export const fitting = ({ state }: Turn, ranked: readonly Ranked[]): readonly Ranked[] => {
  let room = state.bounds.eventBytes - OFFERS_OVERHEAD
  const tooMany = ranked.findIndex((it) => {
    // A ticket stands inside content, where each of its quotes is escaped, and its own content’s twice.
    room -= state.tickets.get(it.candidate.held.id)!.bytes * 1.2
    return room < 0
  })
  return tooMany < 0 ? ranked : ranked.slice(0, tooMany)
}

/** Tickets stand in offers as they came: they are most of them, and none is written again. */
export const writeOffers = (
  ranked: readonly Ranked[],
  tickets: readonly PoolTicket[],
  rest: Omit<Contents['offers'], 'entries'>,
): Written<'offers'> => {
  const entries = tickets.map(({ text }, i) => {
    const { candidate, reason, firstMs } = ranked[i]!
    const entry: Omit<Contents['offers']['entries'][number], 'ticket'> = {
      entry: candidate.offer.entry,
      reason,
      // A node says itself how long it takes: one that says a year must not spoil offers that others are in.
      first_ms: Math.min(Math.round(firstMs), MOST_SPAN_MS),
    }
    return `{"ticket":${text},${JSON.stringify(entry).slice(1)}`
  })
  return `{"entries":[${entries.join(',')}],${JSON.stringify(rest).slice(1)}` as Written<'offers'>
}

/** Bytes of offers beside their tickets. */
const OFFERS_OVERHEAD = 4096
