import type { UnixMs } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { tagValue } from '../../protocol/event.ts'
import type { EventId, JobId } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Decision, LinkId, WireEffect, WireEvent } from '../wire.ts'
import { onOutdated } from './directory.ts'
import { endJob, forgetJob, resetPlacing } from './ending.ts'
import { onCancel, onJob, onProgress, onRewrap } from './jobs.ts'
import { onNodeLost, onNotMoved, onSilence } from './moves.ts'
import {
  forgetNode,
  onAsk,
  onAuthenticated,
  onPublic,
  onRegister,
  onRevoke,
  onTicket,
} from './market.ts'
import { removeTicket } from './pool.ts'
import { onAcknowledgement, onKept, onReceipt } from './records.ts'
import { type RouterState, type Turn, decline } from './state.ts'
import { onFrame } from './stream.ts'

/**
 * The mind of a router: matches, forwards, watches, records. It holds tickets, not money, and
 * ciphertext, not prompts. Pure but for the state that moves through it (wire.ts, Decision).
 */
export const decide = (
  state: RouterState,
  event: WireEvent,
  now: UnixMs,
  random: Random,
): Decision<RouterState, WireEffect> => {
  const turn: Turn = { state, now, random, effects: [] }
  if (event.type === 'message') onMessage(turn, event.link, event.message)
  else if (event.type === 'frame') onFrame(turn, event.link, event.frame)
  else if (event.type === 'authenticated') onAuthenticated(turn, event.link, event.key, event.auth)
  else if (event.type === 'closed') onClosed(turn, event.link)
  else if (event.type === 'kept') onKept(turn, event)
  else for (const key of state.deadlines.due(now)) onDue(turn, key)
  return { state, effects: turn.effects }
}

/** What is said to a router, and not through it. */
const OURS: ReadonlySet<string> = new Set(['ask', 'register', 'ticket', 'revoke'])

const onMessage = (turn: Turn, link: LinkId, message: Message): void => {
  // NIP-42 proved who speaks here: nobody sends what another signed.
  if (turn.state.keyOf.get(link) !== message.event.pubkey)
    return decline(turn, link, message, 'restricted: signed by another key than this link’s')
  const toUs = tagValue(message.event, 'p') === turn.state.signer.pubkey
  if (OURS.has(message.name) && !toUs)
    return decline(turn, link, message, 'restricted: addressed to another router')
  switch (message.name) {
    case 'ask':
      return onAsk(turn, link, message)
    case 'job':
      return onJob(turn, link, message)
    case 'rewrap':
      return onRewrap(turn, link, message)
    case 'progress':
      return onProgress(turn, link, message)
    case 'cancel':
      return onCancel(turn, link, message)
    case 'receipt':
      return onReceipt(turn, link, message)
    case 'acknowledgement':
      return onAcknowledgement(turn, link, message)
    case 'register':
      return onRegister(turn, link, message)
    case 'ticket':
      return onTicket(turn, link, message)
    case 'revoke':
      return onRevoke(turn, link, message)
    case 'manifest':
    case 'sheet':
    case 'status':
      return onPublic(turn, link, message)
    case 'offers':
    case 'quota':
      return decline(turn, link, message, 'restricted: only a router says that')
  }
}

const onClosed = (turn: Turn, link: LinkId): void => {
  const { state } = turn
  const key = state.keyOf.get(link)
  state.keyOf.delete(link)
  if (key && state.linkOf.get(key) === link) state.linkOf.delete(key)
  if (key) forgetNode(turn, link, key)
  for (const { job, placing } of state.byTag.values())
    if (placing?.link === link) onNodeLost(turn, state.jobs.get(job)!, placing)
  for (const id of state.jobsOf.get(link) ?? []) {
    const job = state.jobs.get(id)!
    job.cancelled = true
    for (const placing of job.placings)
      if (!placing.closed) resetPlacing(turn, placing.link, placing, 'peer_gone')
    endJob(turn, job)
  }
  state.jobsOf.delete(link)
}

const onDue = (turn: Turn, key: string): void => {
  const { state } = turn
  const [what, id] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)]
  if (what === 'ticket') return void removeTicket(state, id as EventId)
  if (what === 'offers') return void state.offers.delete(id as EventId)
  if (what === 'directory') return onOutdated(turn, id as EventId)
  const job = state.jobs.get(id as JobId)
  if (!job) return
  if (what === 'accept') onSilence(turn, job)
  else if (what === 'moving') onNotMoved(turn, job)
  else if (what === 'job') forgetJob(turn, job)
}
