import type { UnixMs } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { BookEvent } from '../../metering/invoice-book-rows.ts'
import { tagValue } from '../../protocol/event.ts'
import type { EventId, JobId, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { onCommitted } from '../counter.ts'
import type { Decision, LinkId, WireEvent } from '../wire.ts'
import { onOutdated } from './directory.ts'
import { awaitKey, onClientAway, onClientGone, onNodeAway, receiptsUntil } from './away.ts'
import { answerKept } from './begun.ts'
import { endJob, forgetJob } from './ending.ts'
import { onCancel, onJob, onProgress, onRewrap } from './jobs.ts'
import { endHolds, onHoldOver } from './holds.ts'
import { leaveLink, newestLink } from './links.ts'
import { onHeld, onMoney, passUnpaid } from './money.ts'
import { onNodeLost, onNotMoved, onSilence } from './moves.ts'
import {
  answerAsk,
  lookAtOffers,
  forgetNode,
  onAsk,
  onAuthenticated,
  onPublic,
  onRegister,
  onRevoke,
  onTicket,
} from './market.ts'
import { forgetSession, onRepeated, onWallet } from './packs.ts'
import { removeTicket } from './pool.ts'
import { onOldProofs } from './proofs.ts'
import { onAcknowledgement, onKept, onReceipt, onUnkept } from './records.ts'
import { endReturning, forgetReturning, holdReceipt, onSync, passRefusal } from './resume.ts'
import { type RouterEffect, type RouterState, type Turn, decline } from './state.ts'
import { onFrame } from './stream.ts'

/** What a router hears besides its links. */
export type RouterEvent =
  | WireEvent
  /** We are about to go: what is open goes on, nothing new is offered. */
  | Readonly<{ type: 'drain' }>
  /** Our wallet made an invoice, or says how one stands. */
  | Readonly<{ type: 'wallet'; event: BookEvent }>

/**
 * The mind of a router: matches, forwards, watches, records. It holds tickets, not money, and
 * ciphertext, not prompts. Pure but for the state that moves through it (wire.ts, Decision).
 */
export const decide = (
  state: RouterState,
  event: RouterEvent,
  now: UnixMs,
  random: Random,
): Decision<RouterState, RouterEffect> => {
  const turn: Turn = { state, now, random, effects: [] }
  if (event.type === 'message') onMessage(turn, event.link, event.message)
  else if (event.type === 'frame') onFrame(turn, event.link, event.frame)
  else if (event.type === 'authenticated') onAuthenticated(turn, event)
  else if (event.type === 'closed') onClosed(turn, event.link)
  else if (event.type === 'kept') onKept(turn, event)
  else if (event.type === 'unkept') onUnkept(turn, event)
  else if (event.type === 'committed') onCommitted(turn, state.fee, event.id)
  else if (event.type === 'unwritten') onRepeated(turn, event)
  else if (event.type === 'wallet') onWallet(turn, event.event)
  else if (event.type === 'drain') state.draining = true
  else if (event.type === 'untimely' || event.type === 'foreign')
    return { state, effects: turn.effects }
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
      if (message.body.status === 'held') return onHeld(turn, link, message)
      if (passRefusal(turn, link, message) || passUnpaid(turn, link, message)) return
      onProgress(turn, link, message)
      return
    case 'money':
      return onMoney(turn, link, message)
    case 'cancel':
      return onCancel(turn, link, message)
    case 'receipt':
      if (!holdReceipt(turn, message)) onReceipt(turn, link, message)
      return
    case 'acknowledgement':
      return onAcknowledgement(turn, link, message)
    case 'sync':
      return onSync(turn, link, message)
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
    case 'draw':
    case 'statement':
    case 'invoice':
    case 'proof':
    case 'fund':
    case 'paid':
    case 'tab_sync':
      return decline(turn, link, message, 'restricted: money is said sealed')
  }
}

const onClosed = (turn: Turn, link: LinkId): void => {
  const { state } = turn
  const key = leaveLink(state, link)
  state.local.delete(link)
  state.placeOf.delete(link)
  if (key) forgetNode(turn, link, key)
  if (key && newestLink(state, key) === undefined) {
    forgetSession(state, key)
    endHolds(turn, key)
  }
  let awaits: 'node' | 'client' | null = state.jobsOf.get(link)?.size ? 'client' : null
  for (const { job: id, placing } of state.byTag.values()) {
    const job = state.jobs.get(id)
    // Over for its client, it may still have its receipt to come.
    if (job && job.clientLink === link) awaits ??= 'client'
    if (!job || placing?.link !== link) continue
    awaits = 'node'
    onNodeAway(turn, job, placing)
  }
  if (key && awaits) awaitKey(turn, key, receiptsUntil(turn), awaits)
  for (const id of state.jobsOf.get(link) ?? []) onClientAway(turn, state.jobs.get(id)!)
  state.jobsOf.delete(link)
  forgetReturning(turn, link)
}

const onDue = (turn: Turn, key: string): void => {
  const { state } = turn
  const [what, id] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)]
  if (what === 'ticket') return void removeTicket(state, id as EventId)
  if (what === 'hold') return onHoldOver(state, id as EventId)
  if (what === 'book') return onWallet(turn, { type: 'tick' })
  if (what === 'proofs') return onOldProofs(turn)
  if (what === 'offers') return lookAtOffers(turn)
  if (what === 'begun') return answerKept(turn, (link, it) => answerAsk(turn, link, it))
  if (what === 'directory') return onOutdated(turn, id as EventId)
  if (what === 'returning') return endReturning(turn, id)
  if (what === 'awaited') return void state.awaited.delete(id as PubKey)
  const job = state.jobs.get(id as JobId)
  if (!job) return
  if (what === 'accept') onSilence(turn, job)
  else if (what === 'moving') onNotMoved(turn, job)
  else if (what === 'away') onClientGone(turn, job)
  else if (what === 'gone') endJob(turn, job)
  else if (what === 'lost') onNodeLost(turn, job, job.placings.at(-1)!)
  else if (what === 'job') forgetJob(turn, job)
}
