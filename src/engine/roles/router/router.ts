import { BOUNDS, type Bounds } from '../../base/bounds.ts'
import { type Clock, systemClock, unixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { type Random, systemRandom } from '../../base/random.ts'
import type { Secp256k1, Signer } from '../../identity/seams.ts'
import { draftOf } from '../../protocol/draft.ts'
import { eventText, type Net } from '../../protocol/event.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import { document } from '../../protocol/intake.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import type { LedgerStore } from '../../storage/money-store.ts'
import type { Network } from '../../transport/network.ts'
import type { Tls } from '../../transport/tls.ts'
import type { PaymentRule } from '../../routing/payment.ts'
import { openProofs } from '../../spending/proofs.ts'
import { observe } from '../../trust/standing.ts'
import { Desk } from '../desk.ts'
import { Loop } from '../loop.ts'
import { isAddressee, mayBeAbsent } from './away.ts'
import { begin } from './begun.ts'
import { type RouterEvent, decide } from './decide.ts'
import { type RouterFee, openFee } from './fee.ts'
import { awaitOld } from './proofs.ts'
import { type RouterEffect, type RouterState, newRouterState } from './state.ts'
import { publicOf } from './shelf.ts'
import { shiftTimes } from './times.ts'

export type RouterOptions = {
  signer: Signer
  secp: Secp256k1
  net: Net
  network: Network
  store: LedgerStore
  log: Log
  hostname: string
  /** 0: any that is free. */
  port: number
  name: string
  /** What others dial where that is not what it listens on: a public name's or a proxy's addresses. */
  doors?: readonly string[]
  tls?: Tls
  /** Proxies whose word on a client's address is believed, as `ADDRESS` or `ADDRESS/BITS`. */
  trustedProxies?: readonly string[]
  software: string
  /** Who runs it: said in its manifest and in each of its offers. */
  operator?: PubKey | null
  /** Which payment it asks for before it routes; `none` by default. */
  payment?: PaymentRule
  /** What it takes for itself; left out, it routes for nothing. */
  fee?: RouterFee
  clock?: Clock
  random?: Random
  bounds?: Partial<Bounds>
  /** The router can go on no longer. */
  broken: (fault: Fault) => void
}

/** How a router stands, in numbers. */
export type RouterFigures = Readonly<{
  /** Nodes that are registered. */
  nodes: number
  /** Tickets, free and held. */
  tickets: number
  /** Jobs that are not over for their clients. */
  jobs: number
  /** Links on which a key was proven. */
  links: number
  /** What is remembered of jobs, in all tables: nothing, some time after the last one. */
  records: number
}>

export interface Router {
  readonly key: PubKey
  /** What others dial. */
  readonly address: string
  figures(): RouterFigures
  /** Offers nothing any more; resolves when every open job has ended. */
  drain(): Promise<void>
  /** Takes another certificate for those who come; links that stand are not touched. */
  renew(tls: Tls): void
  close(): Promise<void>
}

/**
 * Opens a door and routes until it is closed.
 * @throws Fault `unavailable` where the port is taken
 */
export const openRouter = async (options: RouterOptions): Promise<Router> => {
  const { signer, secp, net, network, store, log, broken } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const bounds: Bounds = { ...BOUNDS, ...options.bounds }
  const fee = options.fee ? await openFee(options.fee, signer.pubkey, clock.now()) : null
  if (fee) {
    const { pack, routes, route } = fee.price
    log.info('fee.open', { pack_msat: pack, routes, route_msat: route })
  }
  const shown = openProofs(store.money.proofs())
  const isProven = options.payment === 'proven'
  const state = newRouterState({
    signer,
    verifier: secp,
    net,
    bounds,
    fee,
    operator: options.operator ?? null,
    payment: options.payment ?? 'none',
    proofs: isProven ? { ...shown, secp } : null,
    oldProofs: isProven ? null : shown,
  })
  const month = 30 * 24 * 3_600_000
  for (const it of store.observations(unixMs(clock.now() - month))) observe(state.standings, it)
  const loop = new Loop<RouterState, RouterEvent, RouterEffect>({
    state,
    decide: (current, event, now) => decide(current, event, now, random),
    deadlines: (current) => current.deadlines,
    clockSet: shiftTimes,
    mayBeAbsent,
    other: (effect) => desk?.perform(effect),
    rules: {
      verifier: secp,
      net,
      // A router also sees what it passes on between the keys on its links.
      isMe: (key, event) => isAddressee(state, key, event),
      startedAt: clock.now(),
      replay: new ReplayCache(2 * bounds.freshnessMs),
      freshnessMs: bounds.freshnessMs,
    },
    clock,
    store,
    money: options.fee?.store ?? store.money,
    log,
    broken,
  })
  const desk =
    options.fee &&
    new Desk({
      wallet: options.fee.wallet,
      binds: fee?.bind !== 'none',
      isKnown: (hash) => options.fee?.store.invoice(hash) != null,
      net,
      clock,
      log,
      tell: (event) => loop.feed({ type: 'wallet', event }),
    })
  awaitOld(state, clock.now())
  begin(state, clock.now())
  loop.feed({ type: 'tick' })
  // What was open when the process before ended is looked up.
  if (fee) loop.feed({ type: 'wallet', event: { type: 'tick' } })
  const { doors = [] } = options
  const listening = await network.listen(
    {
      hostname: options.hostname,
      port: options.port,
      key: signer.pubkey,
      name: options.name,
      names: doors.map((it) => new URL(it).host),
      ...(options.tls && { tls: options.tls }),
      trustedProxies: options.trustedProxies ?? [],
      verifier: secp,
      bounds,
      stored: (filter) => state.directory.find(filter),
    },
    loop,
  )
  const stopIntroducing = introduce(
    state,
    clock,
    doors.length > 0 ? doors : [listening.address],
    options,
  )
  return {
    key: signer.pubkey,
    address: listening.address,
    figures: () => figuresOf(state),
    renew: (tls) => listening.renew?.(tls),
    async drain() {
      loop.feed({ type: 'drain' })
      while (figuresOf(state).jobs > 0 || state.keeping.size > 0)
        await new Promise<void>((resolve) => void clock.after(DRAIN_LOOK_MS, resolve))
    },
    async close() {
      stopIntroducing()
      loop.stop()
      await listening.close()
      await desk?.close()
    },
  }
}

const figuresOf = (state: RouterState): RouterFigures => ({
  nodes: state.nodes.size,
  tickets: state.tickets.size,
  jobs: [...state.jobs.values()].filter((it) => it.phase !== 'over').length,
  links: state.keyOf.size,
  records:
    state.jobs.size +
    state.byTag.size +
    [...state.jobsOf.values(), ...state.returningOf.values()].reduce((n, { size }) => n + size, 0) +
    state.awaited.size +
    state.returning.size +
    state.keeping.size,
})

/** The router's own manifest, for everybody who asks its door, anew before it expires; until it is stopped. */
const introduce = (
  state: RouterState,
  clock: Clock,
  doors: readonly string[],
  options: RouterOptions,
  older?: EventId,
): (() => void) => {
  const { signer, secp, net, name, software } = options
  const now = clock.now()
  const manifest = {
    role: 'router' as const,
    name,
    software,
    operator: state.operator,
    tasks: [],
    limits: { input_bytes: state.bounds.inputBytes },
    doors: [...doors],
    payees: [],
    bands: null,
    bench: null,
    relays: null,
  }
  const expires = unixMs(now + MANIFEST_LIFE_MS)
  const event = signer.sign(draftOf('manifest', manifest, { now, net, d: 'router', expires }))
  const message = document(eventText(event), { verifier: secp })
  if (older) state.directory.delete(older)
  if ('name' in message && message.name === 'manifest')
    state.directory.set(event.id, publicOf(message))
  let stop = clock.after(MANIFEST_LIFE_MS / 2, () => {
    stop = introduce(state, clock, doors, options, event.id)
  })
  return () => stop()
}

const DRAIN_LOOK_MS = 5
const MANIFEST_LIFE_MS = 24 * 3_600_000
