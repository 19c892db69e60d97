import { unixMs, type UnixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Random } from '../../base/random.ts'
import { type RawFrame, openFrame, readReset } from '../../protocol/frames.ts'
import { NETS, tagValue } from '../../protocol/event.ts'
import type { EventId, JobTag, PaymentHash, PubKey } from '../../protocol/ids.ts'
import { KINDS } from '../../protocol/kinds.ts'
import type { Message } from '../../protocol/messages.ts'
import { windowBudget } from '../../transport/flow.ts'
import { onCommitted } from '../counter.ts'
import type { Decision, LinkId } from '../wire.ts'
import { onCancel } from './cancels.ts'
import { onUnpaid } from './charging.ts'
import { noteClock, onUntimely } from './clocks.ts'
import { onBookDue, onDebtDue, onMoney, onOpened, onRepeated, onWallet } from './funding.ts'
import { onHoldDue } from './hold-end.ts'
import { onLockDue } from './holds.ts'
import { creditInput, onInput, onJob, refuseInput } from './jobs.ts'
import {
  flush,
  onCredit,
  onDeadline,
  onDone,
  onFailed,
  onPiece,
  onStarted,
  sayStarted,
} from './output.ts'
import { forget, giveUp, onAcknowledgement, onKept, stop } from './records.ts'
import { onLaterDue } from './reach.ts'
import {
  onAway,
  onClientGone,
  onMoreBack,
  onRouterBack,
  onRouterLost,
  onSync,
  onUnanswered,
} from './resume.ts'
import type { NodeEffect, NodeEvent, NodeState, NodeTurn } from './state.ts'
import { renewSheet } from './sheet.ts'
import { tellStatus } from './status.ts'
import { onStatements } from './tab-sync.ts'
import { introduceAgain, offerAnew, register, renew, withdraw } from './tickets.ts'

/**
 * The mind of a node: issues tickets, takes jobs, drives runners, seals what they make, writes
 * receipts. Pure but for the state that moves through it (wire.ts, Decision).
 */
export const decide = (
  state: NodeState,
  event: NodeEvent,
  now: UnixMs,
  random: Random,
): Decision<NodeState, NodeEffect> => {
  const turn: NodeTurn = { state, now, random, effects: [] }
  if (event.type === 'message') onMessage(turn, event.link, event.message)
  else if (event.type === 'frame') onFrame(turn, event.link, event.frame)
  else if (event.type === 'closed') onClosed(turn, event.link)
  else if (event.type === 'kept') onKept(turn, event.id)
  else if (event.type === 'committed') onCommitted(turn, state.till, event.id)
  else if (event.type === 'unwritten') onRepeated(turn, event)
  else if (event.type === 'wallet') onWallet(turn, event.event)
  else if (event.type === 'opened') onOpened(turn, event.changes)
  else if (event.type === 'statements') onStatements(turn, event)
  else if (event.type === 'unkept') throw secondReceipt(event.id)
  else if (event.type === 'capabilities') onCapabilities(turn, event)
  else if (event.type === 'displaced') onDisplaced(turn, event.link)
  else if (event.type === 'drain') onDrain(turn, event.now)
  else if (event.type === 'tick') for (const key of state.deadlines.due(now)) onDue(turn, key)
  else if (event.type === 'authenticated') onAuthenticated(turn, event.link, event.auth)
  else if (event.type === 'untimely') onUntimely(turn, event)
  else if (event.type === 'foreign') onForeign(turn, event)
  else onRunner(turn, event)
  if (state.routers.size > 0) tellStatus(turn, false)
  return { state, effects: turn.effects }
}

/** The link stands. Any relay proves our key (NIP-42); a router also says who it is, and soon. */
const onAuthenticated = ({ state, now }: NodeTurn, link: LinkId, auth: EventId): void => {
  state.auths.set(link, auth)
  state.deadlines.set(`quota:${link}`, unixMs(now + state.bounds.authMs))
}

/** The router's first word, which names our AUTH event, is of another network: it takes no tickets of ours. */
const onForeign = (
  turn: NodeTurn,
  { link, event }: Extract<NodeEvent, { type: 'foreign' }>,
): void => {
  const { state } = turn
  if (event.kind !== KINDS.quota || event.pubkey !== state.pinned.get(link)) return
  if (tagValue(event, 'e') !== state.auths.get(link)) return
  state.deadlines.clear(`quota:${link}`)
  const theirs = NETS.find((net) => net === tagValue(event, 'net')) ?? null
  const fields = { router: event.pubkey, theirs, ours: state.net }
  turn.effects.push({ do: 'log', level: 'warn', event: 'router.other_net', fields })
  turn.effects.push({ do: 'close', link, reason: 'it is of another network' })
}

const onMessage = (turn: NodeTurn, link: LinkId, message: Message): void => {
  const { state } = turn
  const pinned = state.pinned.get(link)
  if (message.name === 'quota') {
    // The first thing a router says must be signed by the key that we dialled for.
    // It names the AUTH event of this link: what it said on another proves nothing here.
    const ofThisLink = tagValue(message.event, 'e') === state.auths.get(link)
    if (message.event.pubkey !== pinned || !ofThisLink)
      return void turn.effects.push({
        do: 'close',
        link,
        reason: 'another key than the pinned one',
      })
    state.deadlines.clear(`quota:${link}`)
    if (state.routers.get(link)?.ready) return
    const aheadMs = noteClock(turn, pinned, message.event.created_at)
    const router = {
      key: pinned,
      link,
      ready: true,
      displaced: false,
      budget: windowBudget(),
      aheadMs,
    }
    state.routers.set(link, router)
    log(turn, 'router.joined', pinned)
    register(turn, router)
    tellStatus(turn, true)
    return onRouterBack(turn, router)
  }
  if (!state.routers.get(link)?.ready) return
  if (message.name === 'job' || message.name === 'rewrap') onJob(turn, link, message)
  else if (message.name === 'cancel') onCancel(turn, message)
  else if (message.name === 'acknowledgement') onAcknowledgement(turn, message)
  else if (message.name === 'sync') onSync(turn, link, message)
  else if (message.name === 'money') onMoney(turn, link, message)
}

const onFrame = (turn: NodeTurn, link: LinkId, raw: RawFrame): void => {
  const frame = openFrame(raw)
  const job = turn.state.jobs.get(frame.tag)
  if (!job || job.link !== link) return
  if (frame.type === 'input') onInput(turn, job, frame)
  else if (frame.type === 'outputCredit') onCredit(turn, job, frame)
  else if (frame.type !== 'reset') return
  else if (readReset(frame.bytes) === 'peer_gone') onClientGone(turn, job)
  else stop(turn, job, 'partial', 'peer_gone')
}

const onRunner = (turn: NodeTurn, event: Extract<NodeEvent, { tag: JobTag }>): void => {
  const job = turn.state.jobs.get(event.tag)
  if (!job) return
  if (event.type === 'started') onStarted(turn, job)
  else if (event.type === 'piece') onPiece(turn, job, event.delta, event.usage)
  else if (event.type === 'done') onDone(turn, job, event.done)
  else onFailed(turn, job, event.trouble)
}

const onClosed = (turn: NodeTurn, link: LinkId): void => {
  const { state } = turn
  const router = state.routers.get(link)
  // The receipts of its jobs still name it; it gets no more tickets.
  if (router?.ready) log(turn, 'router.lost', router.key)
  if (router) router.ready = false
  onRouterLost(turn, link)
  state.routers.delete(link)
  state.pinned.delete(link)
  state.auths.delete(link)
  state.deadlines.clear(`quota:${link}`)
  // Tickets die with their link.
  for (const [id, ticket] of state.tickets) if (ticket.link === link) state.tickets.delete(id)
}

/** Said once: registering again would only displace the other, which would do the same to us. */
const onDisplaced = (turn: NodeTurn, link: LinkId): void => {
  const router = turn.state.routers.get(link)
  if (!router?.ready || router.displaced) return
  router.displaced = true
  log(turn, 'router.displaced', router.key)
}

type RouterNews = 'router.joined' | 'router.lost' | 'router.displaced'

const log = (turn: NodeTurn, event: RouterNews, router: PubKey): void => {
  const level = event === 'router.joined' ? 'info' : 'warn'
  turn.effects.push({ do: 'log', level, event, fields: { router } })
}

/**
 * Tickets are withdrawn. What runs goes on to its end; or it ends now: what arrived of each job is
 * charged, and said in a receipt.
 */
const onDrain = (turn: NodeTurn, now: boolean): void => {
  turn.state.draining = true
  withdraw(turn, () => true, 'drain')
  if (!now) return
  for (const router of turn.state.routers.values()) router.ready = false
  for (const job of turn.state.jobs.values()) stop(turn, job, 'partial', 'drain')
}

const onCapabilities = (
  turn: NodeTurn,
  event: Extract<NodeEvent, { type: 'capabilities' }>,
): void => {
  const runner = turn.state.runners[event.runner]!
  const { length: models } = event.capabilities
  const name =
    models === 0
      ? 'runner.gone'
      : runner.capabilities.length === 0
        ? 'runner.back'
        : 'runner.changed'
  const fields = { runner: runner.info.name, models }
  turn.effects.push({ do: 'log', level: models === 0 ? 'warn' : 'info', event: name, fields })
  runner.capabilities = event.capabilities
  offerAnew(turn, event.runner)
}

const onDue = (turn: NodeTurn, key: string): void => {
  const { state } = turn
  const [what, id] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)]
  if (what === 'manifest') return introduceAgain(turn, Number(id))
  if (what === 'renew') return renew(turn, key)
  if (what === 'sheet') return renewSheet(turn)
  if (what === 'quota')
    return void turn.effects.push({ do: 'close', link: Number(id), reason: 'no word of a router' })
  if (what === 'back') return onMoreBack(turn, Number(id))
  if (what === 'status') return tellStatus(turn, true)
  if (what === 'ticket') return void state.tickets.delete(id as never)
  if (what === 'book') return onBookDue(turn)
  if (what === 'due') return onDebtDue(turn, id as PubKey)
  if (what === 'lock') return onLockDue(turn, id as PaymentHash)
  if (what === 'later') return onLaterDue(turn, id)
  if (what === 'cancelled') return void state.cancelled.delete(id)
  const job = state.jobs.get(id as JobTag)
  if (!job) return
  if (what === 'flush') flush(turn, job)
  else if (what === 'started') sayStarted(turn, job)
  else if (what === 'input') creditInput(turn, job, job.reader.tick(turn.now))
  else if (what === 'credit') giveUp(turn, job, 'no_credit')
  else if (what === 'away') onAway(turn, job)
  else if (what === 'sync') onUnanswered(turn, job)
  else if (what === 'body') refuseInput(turn, job, 'incomplete')
  else if (what === 'forget') forget(turn, job)
  else if (what === 'deadline') onDeadline(turn, job)
  else if (what === 'funds') onUnpaid(turn, job)
  else if (what === 'hold') onHoldDue(turn, job)
}

const secondReceipt = (id: EventId): Fault =>
  new Fault('io', 'receipt.duplicate', `receipt ${id.slice(0, 8)}… is the second one of its ticket`)
