import { BOUNDS, type Bounds } from '../../base/bounds.ts'
import { toHex } from '../../base/bytes.ts'
import { type Clock, systemClock, unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { type Log, silentLog } from '../../base/log.ts'
import { type Random, systemRandom } from '../../base/random.ts'
import type { Secp256k1, Signer } from '../../identity/seams.ts'
import { newSigner } from '../../identity/signer.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import type { Net } from '../../protocol/event.ts'
import { type JobId, type PubKey, jobId } from '../../protocol/ids.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import { memoryStore } from '../../storage/memory.ts'
import type { SpendingCaps } from '../../spending/caps.ts'
import type { Store } from '../../storage/store.ts'
import { isLocalHost } from '../../transport/addresses.ts'
import { windowBudget } from '../../transport/flow.ts'
import type { Network } from '../../transport/network.ts'
import { socketNetwork } from '../../transport/sockets.ts'
import { Loop } from '../loop.ts'
import { Channel } from './channel.ts'
import { decide } from './decide.ts'
import { newClientMoney } from './money.ts'
import type { Client, LateNews, News, TopUpWish, Wish } from './news.ts'
import { paidBy } from './paid-by.ts'
import type { Purse } from './purse-seam.ts'
import { spend } from './spend.ts'
import { type ClientEffect, type ClientEvent, type ClientState, newClientState } from './state.ts'
import { isForLater } from './telling.ts'
import { shiftTimes } from './times.ts'

export type ClientOptions = {
  router: { key: PubKey; address: string }
  net: Net
  /** What nodes are paid with, and how much of it (maxPrice is each wish's own). Not closed with the client. */
  money?: { purse: Purse; caps: Omit<SpendingCaps, 'maxPrice'> }
  /** `off`: no tab lasts, each job has an invoice of its own; a dry run, which has no money, names prices by it. */
  tab?: 'on' | 'off'
  /** Hears what is about to be paid, and what does not hold, when the job that it follows was told to have ended. */
  background?: (news: LateNews) => void
  /** A lasting identity; otherwise a session key, made here and forgotten with the process. */
  signer?: Signer
  /**
   * There is another router to ask: jobs wait so long for one that has not proven its key. Without it, for
   * two attempts to dial.
   */
  connectMs?: number
  /** False: a job does not wait for what is busy, or takes no more of our key now, before it was sent. */
  patient?: boolean
  secp?: Secp256k1
  store?: Store
  log?: Log
  network?: Network
  clock?: Clock
  random?: Random
  bounds?: Partial<Bounds>
}

type Asked = { type: 'wish'; wish: Wish; dryRun: boolean } | { type: 'top_up'; wish: TopUpWish }

/** A router that cannot be reached after so many attempts is not there. */
const ATTEMPTS = 2

/**
 * A client of one router. It dials at once and asks when the link stands.
 * What goes wrong with the router is told by the outcome of each job: `unavailable` where nobody
 * answers, `verification` `router.wrong_key` where somebody else does.
 */
export const openClient = async (options: ClientOptions): Promise<Client> => {
  const { router, net, money } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const bounds: Bounds = { ...BOUNDS, ...options.bounds }
  const secp = options.secp ?? (await openSecp256k1())
  const signer = options.signer ?? newSigner(secp, random)
  if (options.signer) money?.purse.lasts(signer.pubkey)
  const network = options.network ?? socketNetwork({ clock, random })
  const listeners = new Map<JobId, Channel<News>>()
  const attempts = { failed: 0, crowded: 0 }
  let last: Fault | undefined
  let closed: Fault | undefined
  const state = newClientState({
    signer,
    verifier: secp,
    net,
    bounds,
    router: router.key,
    local: isLocalHost(URL.parse(router.address)?.hostname ?? 'nowhere.invalid'),
    patient: options.patient ?? true,
    budget: windowBudget(),
    tabOff: options.tab === 'off',
    money: money
      ? newClientMoney({
          ...paidBy(signer, money.purse, router.key, () => state.money!.off),
          off: options.tab === 'off',
          shows: money.purse.shows,
          room: money.purse.results.room,
          over: money.purse.over,
          isSent: (hash) =>
            money.purse.open().some((it) => it.hash === hash && it.state !== 'intent'),
          caps: { ...money.caps, maxPrice: null },
          secp,
        })
      : null,
  })
  const end = (fault: Fault): void => loop.feed({ type: 'unreachable', fault })
  const loop = new Loop<ClientState, ClientEvent, ClientEffect>({
    state,
    decide: (current, event, now) => decide(current, event, now, random),
    deadlines: (current) => current.deadlines,
    clockSet: shiftTimes,
    other: (effect) => {
      if (effect.do === 'query') return query(effect)
      if (effect.do !== 'tell')
        return money && spend(money.purse, effect, (event) => loop.feed(event), options.log)
      const listener = listeners.get(effect.job)
      if (!listener && isForLater(effect.news)) options.background?.(effect.news)
      listener?.push(effect.news)
      if (effect.news.type !== 'ended' && effect.news.type !== 'topped_up') return
      listener?.end()
      listeners.delete(effect.job)
    },
    rules: {
      verifier: secp,
      net,
      isMe: (key) => key === signer.pubkey,
      startedAt: unixMs(0),
      replay: new ReplayCache(2 * bounds.freshnessMs),
      freshnessMs: bounds.freshnessMs,
    },
    clock,
    store: options.store ?? memoryStore(),
    log: options.log ?? silentLog,
    delivered: (_link, id, delivery) => {
      if (delivery.state === 'refused') loop.feed({ type: 'declined', id, reason: delivery.reason })
    },
    joined: () => {
      Object.assign(attempts, { failed: 0, crowded: 0 })
    },
    broken: (fault) => {
      closed = fault
      for (const listener of listeners.values()) listener.fail(fault)
      listeners.clear()
    },
  })
  const query = ({ job, link, filter }: Extract<ClientEffect, { do: 'query' }>): void => {
    const tell = (texts: readonly string[]) => loop.feed({ type: 'sheets', job, texts })
    const answer = loop.link(link)?.query(filter) ?? Promise.resolve([])
    answer.then(tell, () => tell([]))
  }
  const dialled = network.dial(
    router.address,
    {
      signer,
      bounds,
      onTrouble: (trouble) => {
        last = trouble
        const what = trouble.code === 'dial.crowded' ? 'crowded' : 'failed'
        if (++attempts[what] >= ATTEMPTS) end(unreachable(router.address, trouble))
      },
    },
    loop,
  )
  const { connectMs } = options
  const giveUp = () => state.link === null && end(unreachable(router.address, last))
  const stopWaiting = connectMs === undefined ? () => {} : clock.after(connectMs, giveUp)

  const send = (asked: Asked, signal?: AbortSignal): AsyncIterable<News> => {
    const job = jobId(toHex(random.bytes(32)))
    const channel = new Channel<News>((full) => loop.feed({ type: full ? 'pause' : 'resume', job }))
    if (closed) {
      channel.fail(closed)
      return channel
    }
    listeners.set(job, channel)
    loop.feed({ ...asked, job })
    const cancel = () => loop.feed({ type: 'cancel', job })
    signal?.addEventListener('abort', cancel, { once: true })
    if (signal?.aborted) cancel()
    return channel
  }

  return {
    key: signer.pubkey,
    router: router.key,
    request: (wish, signal) => send({ type: 'wish', wish, dryRun: false }, signal),
    topUp: (wish, signal) => send({ type: 'top_up', wish }, signal),
    async offers(wish) {
      let offers: Extract<News, { type: 'offers' }> | undefined
      for await (const news of send({ type: 'wish', wish, dryRun: true })) {
        if (news.type === 'offers') offers = news
        if (news.type !== 'ended') continue
        if (news.outcome.fault) throw news.outcome.fault
        const { id } = news.outcome.bundle.offers!
        const { type: _, ...found } = offers!
        return { ...found, offers: id }
      }
      throw new Fault('bug', 'client.no_end', 'the request ended without saying how')
    },
    async close() {
      closed ??= new Fault('interrupted', 'client.closed', 'the client was closed')
      loop.feed({ type: 'end', fault: closed })
      stopWaiting()
      dialled.close()
      loop.stop()
    },
  }
}

const unreachable = (address: string, cause?: Fault): Fault => {
  if (cause && ANSWERED.has(cause.code)) return cause
  return new Fault('unavailable', 'router.unreachable', `no router answers at ${address}`, {
    hint: 'start one with: fedai up, or fedai serve router',
    ...(cause && { cause }),
  })
}

/** Somebody does answer there, and says no. */
const ANSWERED: ReadonlySet<string> = new Set(['dial.untrusted', 'dial.refused', 'dial.crowded'])
