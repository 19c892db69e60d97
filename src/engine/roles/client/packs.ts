import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { msat, showMsat } from '../../base/money.ts'
import type { EventId, JobId, PaymentHash } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Pack } from '../../protocol/pack.ts'
import type { Receipt } from '../../protocol/receipt.ts'
import type { Offered } from './offered.ts'
import { type ClientEvent, type ClientJob, type ClientTurn, tell } from './state.ts'
import { tellNode } from './tabs.ts'

/**
 * What the router takes for itself: packs of routes, paid ahead by a key that we have for it alone. A session
 * shows that key to draw on its packs, so the router can tell that its jobs are one payer's.
 */

/** What a client knows of its packs at its router. */
export type Packs = {
  /** Routes left, as the router said with its last offers, less the jobs that went out since. */
  left: number
  /** A pack that is being bought. */
  buying: Buying | null
}

export type Buying = {
  readonly pack: Pack
  /** Jobs that wait for it; none where the last one is not used up yet. */
  readonly jobs: Set<JobId>
  phase: 'asked' | 'paying' | 'paid'
  asks: number
  /** Our newest letter that asks for it. */
  letter: EventId | null
  hash: PaymentHash | null
  /** The router has said that it has the money. */
  credited: boolean
}

export const newPacks = (): Packs => ({ left: 0, buying: null })

/** The link stands: where we paid before, this session says on which pack it draws. */
export const showPack = (turn: ClientTurn): void => {
  const { money, router } = turn.state
  if (money && money.view(router).paid > 0n) tellNode(turn, router, 'tab_sync', { since: 0 })
}

/** Offers came: what is left, by the router's own count. */
export const notePack = ({ state }: ClientTurn, { body }: Message<'offers'>): void => {
  if (state.money && body.pack) state.money.packs.left = body.pack.left
}

/** Whether a route is left for this job; or why not. Where none is, a pack is bought, and the job goes on then. */
export const hasRoute = (turn: ClientTurn, job: ClientJob, offered: Offered): boolean | Fault => {
  const { money, router } = turn.state
  const pack = job.offersMessage?.body.pack
  if (!pack || (money && money.packs.left > 0)) return true
  if (!money) return noWallet(pack)
  job.phase = 'funding'
  job.funding = { offered, from: null, timing: 'before' }
  if (money.view(router).paid === 0n)
    tell(turn, job, { type: 'fee', router, msat: pack.msat, routes: pack.routes })
  tell(turn, job, { type: 'funding', node: router })
  buy(turn, pack).jobs.add(job.id)
  return false
}

/** A job goes out: its route is used. The next pack is bought while some are left. */
export const useRoute = (turn: ClientTurn, job: ClientJob): void => {
  const { money } = turn.state
  const pack = job.offersMessage?.body.pack
  if (!money || !pack) return
  const { packs } = money
  packs.left--
  if (packs.left > 0 && packs.left * LOW < pack.routes) buy(turn, pack)
}

/** The router knows of no route for us: it may have forgotten on which pack this session draws. */
export const onNoRoute = (turn: ClientTurn): void => {
  const { money } = turn.state
  if (!money) return
  money.packs.left = 0
  showPack(turn)
}

/** A receipt was answered: what the router takes for it is counted, under the offers that said so. */
export const countRoute = (turn: ClientTurn, job: ClientJob, receipt: Receipt): void => {
  const { money, router } = turn.state
  const { offersMessage } = job
  const cost = routeCost(job, receipt)
  if (!money || !offersMessage || cost === 0n) return
  const charge = { id: offersMessage.event.id, job: job.id, cost, ceiling: cost, disputed: false }
  const key = money.tab(router).pubkey
  turn.effects.push({ do: 'charge', node: router, key, receipt: charge })
}

/** What the router takes for a job with this receipt. */
export const routeCost = ({ offersMessage }: ClientJob, receipt: Receipt | undefined) => {
  const isServed = receipt?.status === 'ok' || receipt?.status === 'partial'
  return isServed && offersMessage?.body.pack ? offersMessage.body.fee : msat(0n)
}

/** Whether a payment of the fee for this job is on its way. */
export const isPayingPack = ({ state }: ClientTurn, job: ClientJob): boolean => {
  const one = state.money?.packs.buying
  return one?.phase === 'paying' && job.phase === 'funding' && one.jobs.has(job.id)
}

/** Buys a pack, or joins who does. */
export const buy = (turn: ClientTurn, pack: Pack): Buying => {
  const { packs } = turn.state.money!
  if (packs.buying) return packs.buying
  const one: Buying = {
    pack,
    jobs: new Set(),
    phase: 'asked',
    asks: 0,
    letter: null,
    hash: null,
    credited: false,
  }
  packs.buying = one
  askPack(turn, one)
  return one
}

/** Asks for the invoice of a pack. */
export const askPack = (turn: ClientTurn, one: Buying): void => {
  const { router, money } = turn.state
  one.asks++
  waitForPack(turn, INVOICE_WITHIN_MS)
  const ref = money!.tab(router).pubkey
  const amount = String(one.pack.msat)
  one.letter = tellNode(turn, router, 'fund', { for: 'route', ref, msat: amount, hold: null })
}

/** The router takes no letter now: it is asked again soon, as often as one that does not answer. */
export const onPackDeclined = (
  turn: ClientTurn,
  { id, reason }: Extract<ClientEvent, { type: 'declined' }>,
): void => {
  const one = turn.state.money?.packs.buying
  if (one?.phase === 'asked' && one.letter === id && reason.startsWith('rate-limited'))
    waitForPack(turn, SOON_MS)
}

/** It is bought, or will not be. @returns the jobs that wait for it */
export const endBuying = (turn: ClientTurn, one: Buying): ClientJob[] => {
  turn.state.money!.packs.buying = null
  turn.state.deadlines.clear(DEADLINE)
  return waitingForPack(turn, one)
}

/** The jobs that wait for a pack. */
export const waitingForPack = ({ state }: ClientTurn, { jobs }: Buying): ClientJob[] =>
  [...jobs].flatMap((id) => {
    const job = state.jobs.get(id)
    return job?.phase === 'funding' && job.funding ? [job] : []
  })

/** Until when something of it must come. */
export const waitForPack = ({ state, now }: ClientTurn, ms: number): void =>
  state.deadlines.set(DEADLINE, unixMs(now + ms))

/** The router says again and again that no route is left. */
export const notCounted = (): Fault =>
  new Fault('again', 'fee.uncounted', 'the router does not count what was paid to it', {
    hint: 'look at it with: fedai pay tabs; then ask another router with --router',
  })

const noWallet = ({ msat: amount, routes }: Pack): Fault =>
  new Fault(
    'refused',
    'fee.no_wallet',
    `this router takes ${showMsat(amount)} for ${routes} jobs, and no wallet is connected`,
    { hint: 'connect one: fedai pay connect\nor ask another router with --router' },
  )

export const DEADLINE = 'pack:'
/** The next pack is bought when less than this part of one is left. */
const LOW = 10
const INVOICE_WITHIN_MS = 5_000
/** How long a router gives no second answer to the same; within one second it would be the same event again. */
const SOON_MS = 1_000
