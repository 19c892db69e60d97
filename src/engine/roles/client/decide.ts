import { type UnixMs, unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Random } from '../../base/random.ts'
import { type RawFrame, openFrame } from '../../protocol/frames.ts'
import type { JobId } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import { NO_ROUTE } from '../../protocol/pack.ts'
import type { Decision, LinkId } from '../wire.ts'
import { askAnew, askLater, dialLater } from './again.ts'
import { ASK_WITHIN_MS, askWaiting, onWish } from './asking.ts'
import { clockFaultOf, onUntimely, sayClock } from './clocks.ts'
import { cancelJob, finishJob, onReceipt } from './ending.ts'
import { onOffers, onSheets } from './offers.ts'
import { cancelled, notKnown } from './outcome.ts'
import { onFundDue } from './funding.ts'
import { onLocked } from './holding.ts'
import { onLostDue } from './lost-books.ts'
import { onEarlyInvoice, onMoney, onMoneyFrame, onPayment } from './invoices.ts'
import { keepLooking, lookAgain, onLookDue } from './looking.ts'
import { onPackDue, onPackPayment, onRouterMoney } from './pack-buying.ts'
import { onBegun, sayPaid } from './saying.ts'
import { notCounted, onNoRoute, onPackDeclined } from './packs.ts'
import { onQuota } from './quota.ts'
import { creditOutput, onOutput, onProgress, onReset } from './receiving.ts'
import { fetchReceipt, onAway, onClosed, onSync, onUnanswered } from './resume.ts'
import { endWaiting, onNoReceipt } from './taking.ts'
import { onInputCredit, sayDrawn } from './sending.ts'
import type { ClientEffect, ClientEvent, ClientState, ClientTurn } from './state.ts'
import { onChecked, onCharged, onStatementDue, onTabDue } from './tabs.ts'
import {
  cancelTopUp,
  cancelTopUps,
  failTopUps,
  onTopUp,
  onTopUpDeclined,
  onTopUpDue,
  onTopUpSheets,
} from './top-up.ts'
import { onForeign, onMute } from './stranger.ts'
import { tellAtOnce, tellNow, tellPaid } from './telling.ts'
import { isPaying } from './waiting.ts'

/**
 * The mind of a client: asks, checks what is offered, seals, sends, reads, credits, checks what it
 * is told to owe, acknowledges. Pure but for the state that moves through it (wire.ts, Decision).
 */
export const decide = (
  state: ClientState,
  event: ClientEvent,
  now: UnixMs,
  random: Random,
): Decision<ClientState, ClientEffect> => {
  const turn: ClientTurn = { state, now, random, effects: [] }
  on(turn, event)
  sayClock(turn)
  keepLooking(turn)
  return { state, effects: turn.effects }
}

const on = (turn: ClientTurn, event: ClientEvent): void => {
  const { state } = turn
  switch (event.type) {
    case 'wish':
      return onWish(turn, event)
    case 'message':
      return onMessage(turn, event.link, event.message)
    case 'frame':
      return onFrame(turn, event.frame)
    case 'sheets':
      onSheets(turn, event)
      return onTopUpSheets(turn, event.job)
    case 'top_up':
      return onTopUp(turn, event)
    case 'cancel': {
      const job = state.jobs.get(event.job)
      if (job) return cancelJob(turn, job, cancelled(isPaying(turn, job)))
      tellAtOnce(turn, event.job)
      return cancelTopUp(turn, event.job)
    }
    case 'pause':
      return state.jobs.get(event.job)?.attempt?.reader.pause()
    case 'resume': {
      const job = state.jobs.get(event.job)
      return job?.attempt ? creditOutput(turn, job, job.attempt.reader.resume()) : undefined
    }
    case 'unreachable':
      failTopUps(turn, event.fault)
      for (const job of state.jobs.values())
        if (job.phase === 'waiting' && !state.deadlines.has(`away:${job.id}`)) {
          const isCrowded = event.fault.code === 'dial.crowded'
          if (!isCrowded || !dialLater(turn, job)) finishJob(turn, job, event.fault)
        }
      return
    case 'declined':
      onTopUpDeclined(turn, event)
      onPackDeclined(turn, event)
      return onDeclined(turn, event)
    case 'closed':
      return onClosed(turn, event.link)
    case 'tick':
      for (const key of state.deadlines.due(turn.now)) onDue(turn, key)
      return
    case 'authenticated':
      state.auths.set(event.link, event.auth)
      // Any relay proves our key (NIP-42); a router also says who it is, and at once.
      return state.deadlines.set(`quota:${event.link}`, unixMs(turn.now + ASK_WITHIN_MS))
    case 'end':
      cancelTopUps(turn)
      // Who goes on purpose says so: no node works on for ten seconds for somebody who will not be back.
      for (const job of state.jobs.values()) {
        cancelJob(turn, job, event.fault)
        finishJob(turn, job, event.fault)
      }
      for (const tag of state.money?.telling.keys() ?? []) tellNow(turn, tag)
      return
    case 'untimely':
      return onUntimely(turn, event)
    case 'foreign':
      return onForeign(turn, event)
    case 'begun':
      return onBegun(turn, event)
    case 'payment':
      state.money!.sending.delete(event.hash)
      sayPaid(turn, event)
      if (event.node === state.router) return onPackPayment(turn, event)
      onPayment(turn, event)
      tellPaid(turn, event)
      return lookAgain(turn)
    case 'looked':
      return lookAgain(turn)
    case 'charged':
      onCharged(turn, event)
      return lookAgain(turn)
    case 'checked':
      return onChecked(turn, event)
    case 'locked':
      return onLocked(turn, event)
    case 'kept':
    case 'unkept':
    case 'committed':
    case 'unwritten':
      return
  }
}

const onMessage = (turn: ClientTurn, link: LinkId, message: Message): void => {
  const { state } = turn
  if (message.name === 'quota') return onQuota(turn, link, message)
  if (state.link !== link) return
  if (message.name === 'offers') onOffers(turn, message)
  else if (message.name === 'progress') onProgress(turn, message)
  else if (message.name === 'receipt') onReceipt(turn, message)
  else if (message.name === 'sync') onSync(turn, message)
  else if (message.name !== 'money') return
  else if (message.event.pubkey === state.router) onRouterMoney(turn, message)
  else onMoney(turn, message)
}

const onFrame = (turn: ClientTurn, raw: RawFrame): void => {
  const frame = openFrame(raw)
  if (frame.type === 'money') return onMoneyFrame(turn, frame)
  const id = turn.state.byTag.get(frame.tag)
  const job = id && turn.state.jobs.get(id)
  if (!job?.attempt) return
  if (frame.type === 'output') onOutput(turn, job, frame)
  else if (frame.type === 'inputCredit') onInputCredit(turn, job, frame)
  else if (frame.type === 'reset') onReset(turn, job, frame)
}

/** The router said no to an ask, a job or a rewrap. Others are told by the absence of an answer. */
const onDeclined = (turn: ClientTurn, event: Extract<ClientEvent, { type: 'declined' }>): void => {
  for (const job of turn.state.jobs.values()) {
    if (job.askId !== event.id && job.attempt?.event.id !== event.id) continue
    if (job.phase === 'ended' || job.phase === 'output') return
    const off = clockFaultOf(turn, event.reason)
    if (off) return finishJob(turn, job, off)
    const limited = event.reason.startsWith('rate-limited')
    if (limited && askLater(turn, job, 'limited')) return
    if (event.reason.startsWith(NO_ROUTE)) onNoRoute(turn)
    // It may know nothing of what it offered any more. An ask that is declined is not asked again.
    if (!limited && askAnew(turn, job, 'declined')) return
    if (event.reason.startsWith(NO_ROUTE)) return finishJob(turn, job, notCounted())
    return finishJob(
      turn,
      job,
      new Fault(
        'again',
        limited ? 'router.rate_limited' : 'router.declined',
        `the router declined: ${event.reason}`,
        {
          hint: limited ? 'wait a moment, then try again' : 'try again',
        },
      ),
    )
  }
}

const onDue = (turn: ClientTurn, key: string): void => {
  const [what, id] = key.split(':') as [string, JobId]
  if (what === 'quota') return onMute(turn, Number(id))
  if (what === 'fund') return onFundDue(turn, id)
  if (what === 'topup') return onTopUpDue(turn, id)
  if (what === 'pack') return onPackDue(turn)
  if (what === 'statement') return onStatementDue(turn, id as never)
  if (what === 'told') return tellNow(turn, id as never)
  if (what === 'tab') return onTabDue(turn, id as never)
  if (what === 'lost') return onLostDue(turn, id as never)
  if (what === 'early') return onEarlyInvoice(turn, id as never)
  if (what === 'look') return onLookDue(turn)
  const job = turn.state.jobs.get(id)
  if (!job) return
  if (what === 'credit') return creditOutput(turn, job, job.attempt!.reader.tick(turn.now))
  if (what === 'later') return askWaiting(turn, job)
  if (what === 'drawing') return sayDrawn(turn, job)
  if (what === 'ask')
    return finishJob(
      turn,
      job,
      new Fault('unavailable', 'router.silent', 'the router does not answer', {
        hint: 'ask another one with --router',
      }),
    )
  if (what === 'deadline' && isPaying(turn, job)) return finishJob(turn, job, notKnown())
  if (what === 'deadline')
    return cancelJob(
      turn,
      job,
      new Fault('again', 'job.timeout', 'the deadline passed before the end', {
        hint: 'give it more time with --deadline',
      }),
    )
  if (what === 'away') return onAway(turn, job)
  if (what === 'sync') return onUnanswered(turn, job)
  if (what === 'fetch') return fetchReceipt(turn, job)
  if (what === 'receipt' || what === 'held') onNoReceipt(turn, job)
  if (what === 'settled') endWaiting(turn, job)
}
