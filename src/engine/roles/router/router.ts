import { BOUNDS, type Bounds } from '../../base/bounds.ts'
import { type Clock, systemClock, unixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { msat } from '../../base/money.ts'
import { type Random, systemRandom } from '../../base/random.ts'
import type { Secp256k1, Signer } from '../../identity/seams.ts'
import { draftOf } from '../../protocol/draft.ts'
import { eventText, type Net } from '../../protocol/event.ts'
import type { EventId, PubKey } from '../../protocol/ids.ts'
import { document } from '../../protocol/intake.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import type { Store } from '../../storage/store.ts'
import type { Network } from '../../transport/network.ts'
import { observe } from '../../trust/standing.ts'
import { Loop } from '../loop.ts'
import type { WireEffect, WireEvent } from '../wire.ts'
import { decide } from './decide.ts'
import { type RouterState, newRouterState } from './state.ts'

export type RouterOptions = {
  signer: Signer
  secp: Secp256k1
  net: Net
  network: Network
  store: Store
  log: Log
  hostname: string
  /** 0: any that is free. */
  port: number
  name: string
  software: string
  clock?: Clock
  random?: Random
  bounds?: Partial<Bounds>
  /** The router can go on no longer. */
  broken: (fault: Fault) => void
}

export interface Router {
  readonly key: PubKey
  /** What others dial. */
  readonly address: string
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
  const state = newRouterState({ signer, verifier: secp, net, bounds, fee: msat(0n) })
  const month = 30 * 24 * 3_600_000
  for (const it of store.observations(unixMs(clock.now() - month))) observe(state.standings, it)
  const loop = new Loop<RouterState, WireEvent, WireEffect>({
    state,
    decide: (current, event, now) => decide(current, event, now, random),
    due: (current) => current.deadlines.next(),
    other: () => {},
    rules: {
      verifier: secp,
      net,
      // A router also sees what it passes on between the keys on its links.
      isMe: (key) => key === signer.pubkey || state.linkOf.has(key),
      startedAt: clock.now(),
      replay: new ReplayCache(2 * bounds.freshnessMs),
      freshnessMs: bounds.freshnessMs,
    },
    clock,
    store,
    log,
    broken,
  })
  const listening = await network.listen(
    {
      hostname: options.hostname,
      port: options.port,
      key: signer.pubkey,
      name: options.name,
      verifier: secp,
      bounds,
      stored: (filter) => state.directory.find(filter),
    },
    loop,
  )
  const stopIntroducing = introduce(state, clock, listening.address, options)
  return {
    key: signer.pubkey,
    address: listening.address,
    async close() {
      stopIntroducing()
      loop.stop()
      await listening.close()
    },
  }
}

/** The router's own manifest, for everybody who asks its door, anew before it expires; until it is stopped. */
const introduce = (
  state: RouterState,
  clock: Clock,
  address: string,
  options: RouterOptions,
  older?: EventId,
): (() => void) => {
  const { signer, secp, net, name, software } = options
  const now = clock.now()
  const manifest = {
    role: 'router' as const,
    name,
    software,
    tasks: [],
    limits: { input_bytes: state.bounds.inputBytes },
    doors: [address],
    payees: [],
    bands: null,
    bench: null,
    relays: null,
  }
  const expires = unixMs(now + MANIFEST_LIFE_MS)
  const event = signer.sign(draftOf('manifest', manifest, { now, net, d: 'router', expires }))
  const message = document(eventText(event), { verifier: secp })
  if (older) state.directory.delete(older)
  if ('name' in message && message.name === 'manifest') state.directory.set(event.id, message)
  let stop = clock.after(MANIFEST_LIFE_MS / 2, () => {
    stop = introduce(state, clock, address, options, event.id)
  })
  return () => stop()
}

const MANIFEST_LIFE_MS = 24 * 3_600_000
