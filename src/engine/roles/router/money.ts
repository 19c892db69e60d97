import { unixMs } from '../../base/clock.ts'
import { openLetter } from '../../identity/letters.ts'
import { tagValue } from '../../protocol/event.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import { sealed } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import type { LinkId } from '../wire.ts'
import { newestLink } from './links.ts'
import { onLetter } from './packs.ts'
import { placingOf } from './moves.ts'
import { hold, usable } from './pool.ts'
import { onProof } from './proofs.ts'
import { maySync } from './resume.ts'
import { type Turn, accept, decline, forward, stray } from './state.ts'

/**
 * Money passes a router sealed: it sees which session key writes to which node, and no tab, no amount and
 * no invoice. It checks the node's signed `accepted {funded}` and holds a ticket while it is paid for.
 */
export const onMoney = (turn: Turn, link: LinkId, message: Message<'money'>): void => {
  const { state } = turn
  const { event } = message
  const to = tagValue(event, 'p') as PubKey
  if (to === state.signer.pubkey) return onOurs(turn, link, message)
  const node = state.nodes.get(to)
  // Between a client and a node, both of which are here; a stranger learns nothing by writing to another.
  const isFromNode = state.nodes.get(event.pubkey)?.link === link
  const far = node ? node.link : isFromNode ? newestLink(state, to) : undefined
  if (far === undefined) return decline(turn, link, message, 'restricted: nobody of that key here')
  // Passed on like a sync, at the same cost, and counted with them. What a node answers counts with whom it
  // answers, in a bucket of its own: nobody else goes without because of one who asks without end.
  if (!maySync(turn, isFromNode ? -far : link))
    return decline(turn, link, message, 'rate-limited: syncs')
  accept(turn, link, message)
  stray(turn, link, message.text.length)
  forward(turn, far, message)
}

/** To ourselves: about our fee, or the proof that a job is paid. */
const onOurs = (turn: Turn, link: LinkId, message: Message<'money'>): void => {
  const { state, now } = turn
  const { signer, verifier, net, fee, proofs, letters: replay } = state
  if (!fee && !proofs)
    return decline(turn, link, message, 'restricted: this router takes no fee, and no proofs')
  // A proof costs some verifications: what is passed on costs less, and is counted so, too.
  if (proofs && !maySync(turn, link)) return decline(turn, link, message, 'rate-limited: syncs')
  const { event, body } = message
  const text = openLetter(signer, event.pubkey, body.sealed)
  const rules = { verifier, replay, net, isMe: (key: PubKey) => key === signer.pubkey }
  const inner = text && sealed(text, event.created_at, rules, now)
  if (!inner || isRefusal(inner)) return decline(turn, link, message, 'invalid: letter')
  if (inner.name === 'proof') onProof(turn, link, message, inner)
  else onLetter(turn, link, message, inner)
}

/** A node keeps the slot of its ticket while a client pays: it stays this client's for as long. */
export const onHeld = (turn: Turn, link: LinkId, message: Message<'progress'>): void => {
  const { body } = message
  if (body.status !== 'held') return
  const found = beforeJob(turn, link, message, body.ticket)
  if (!found) return decline(turn, link, message, 'restricted: no such ticket')
  const { ticket, client, far } = found
  accept(turn, link, message)
  const until = unixMs(Math.min(body.until, turn.now + MOST_HELD_MS, ticket.expires))
  hold(turn.state, ticket, client, until)
  forward(turn, far, message)
}

/**
 * A node has no invoice for a job that waits for one, and that has not come for this ticket: its client hears so, also
 * where that ticket is no use any more, or the job had another before. It passes as a letter does.
 * @returns whether it was that
 */
export const passUnpaid = (turn: Turn, link: LinkId, message: Message<'progress'>): boolean => {
  const { state } = turn
  const { body, event, text } = message
  if (body.status !== 'refused') return false
  const job = state.jobs.get(body.job)
  const client = tagValue(event, 'p') as PubKey
  if (job && (job.client !== client || placingOf(job, body.ticket))) return false
  const isFromNode = state.nodes.get(event.pubkey)?.link === link
  const far = isFromNode ? newestLink(state, client) : undefined
  if (far === undefined || !maySync(turn, -far)) return false
  accept(turn, link, message)
  stray(turn, link, text.length)
  forward(turn, far, message)
  return true
}

/** What a node says to whoever may use one of its tickets, and is about to. */
const beforeJob = ({ state, now }: Turn, link: LinkId, { event }: Message, id: EventId) => {
  const client = tagValue(event, 'p') as PubKey
  const far = newestLink(state, client)
  const ticket = usable(state, id, client, now)
  return ticket?.link === link && far !== undefined ? { ticket, client, far } : undefined
}

/** Longest that a ticket is held while it is paid for (docs/money.md). */
const MOST_HELD_MS = 60_000
