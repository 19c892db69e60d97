import { type Written, writtenDraftOf } from '../../protocol/draft.ts'
import { MOST_SPAN_MS } from '../../protocol/fields.ts'
import { quotedText } from '../../protocol/json.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import type { Contents } from '../../protocol/messages.ts'
import type { Ranked } from '../../routing/rank.ts'
import type { LinkId } from '../wire.ts'
import type { PoolTicket } from './pool-ticket.ts'
import type { Turn } from './state.ts'

/** As many of the best as one event can carry: tickets of nodes with many models are long. */
export const fitting = ({ state }: Turn, ranked: readonly Ranked[]): readonly Ranked[] => {
  let room = state.bounds.eventBytes - OFFERS_OVERHEAD
  const tooMany = ranked.findIndex((it) => {
    // Bytes may be more than characters: those of names in other scripts.
    room -= state.tickets.get(it.candidate.held.id)!.quoted.length * 1.2
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
  let entries = ''
  for (let i = 0; i < tickets.length; i++) {
    const { candidate, reason, firstMs } = ranked[i]!
    const entry: Omit<Contents['offers']['entries'][number], 'ticket'> = {
      entry: candidate.offer.entry,
      reason,
      // A node says itself how long it takes: one that says a year must not spoil offers that others are in.
      first_ms: Math.min(Math.round(firstMs), MOST_SPAN_MS),
    }
    entries += `${i === 0 ? '' : ','}{\\"ticket\\":${tickets[i]!.quoted},${quotedRest(entry)}`
  }
  return `"{\\"entries\\":[${entries}],${quotedRest(rest)}"` as Written<'offers'>
}

/** Signs offers and sends them. @returns their id */
export const sayOffers = (
  { state, now, effects }: Turn,
  link: LinkId,
  written: Written<'offers'>,
  address: { to: PubKey; about: EventId },
): EventId => {
  const draft = writtenDraftOf('offers', written, { now, net: state.net, ...address })
  const outgoing = state.signer.writeAround(draft)
  effects.push({ do: 'send', link, outgoing })
  return outgoing.event.id
}

/** The fields of an object behind others, as they stand in a string of JSON. */
const quotedRest = (fields: object): string => quotedText(JSON.stringify(fields).slice(1))

/** Bytes of offers beside their tickets. */
const OFFERS_OVERHEAD = 4096
