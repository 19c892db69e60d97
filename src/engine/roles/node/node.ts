import { BOUNDS, type Bounds } from '../../base/bounds.ts'
import { toHex } from '../../base/bytes.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { type Random, systemRandom } from '../../base/random.ts'
import type { Secp256k1, Signer } from '../../identity/seams.ts'
import type { Net } from '../../protocol/event.ts'
import { type PubKey, bootId } from '../../protocol/ids.ts'
import type { Contents } from '../../protocol/messages.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import type { Capability, Runner } from '../../runners/runner.ts'
import type { Store } from '../../storage/store.ts'
import type { Dialled, Network } from '../../transport/network.ts'
import { Loop } from '../loop.ts'
import { decide } from './decide.ts'
import { type NodeEffect, type NodeEvent, type NodeState, newNodeState } from './state.ts'
import { awaitRenewal, signSheet } from './sheet.ts'
import { Work } from './work.ts'

export type NodeOptions = {
  signer: Signer
  secp: Secp256k1
  net: Net
  network: Network
  store: Store
  log: Log
  routers: readonly { key: PubKey; address: string }[]
  runners: readonly Runner[]
  rows: Contents['sheet']['rows']
  /** Places in the queue behind each slot. */
  queue?: number
  name?: string
  software: string
  clock?: Clock
  random?: Random
  bounds?: Partial<Bounds>
  /** Told of each attempt to reach a router that failed. */
  onTrouble?: (trouble: Fault) => void
  broken: (fault: Fault) => void
}

export interface Node {
  readonly key: PubKey
  /**
   * Withdraws its tickets, ends what runs with a receipt for what arrived, and goes. With `now` it says
   * nothing to anybody, as a crash would.
   */
  close(options?: { now?: boolean }): Promise<void>
}

/** Places in the queue behind each slot, unless somebody says otherwise (docs/protocol.md, tickets). */
const QUEUE = 2

/** Dials its routers and sells what its runners can do, until it is closed. It listens on nothing. */
export const openNode = async (options: NodeOptions): Promise<Node> => {
  const { signer, secp, net, network, store, log, broken } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const bounds: Bounds = { ...BOUNDS, ...options.bounds }
  const capabilities = await Promise.all(options.runners.map((it) => it.capabilities()))
  const state = newNodeState({
    signer,
    net,
    bounds,
    boot: bootId(toHex(random.bytes(16))),
    queue: options.queue ?? QUEUE,
    rows: options.rows,
    sheet: signSheet(options, clock.now()),
    name: options.name ?? null,
    software: options.software,
    head: store.chainHead(signer.pubkey),
    runners: options.runners.map((it, i) => ({
      info: it.info,
      slots: it.slots,
      capabilities: capabilities[i]!,
    })),
  })
  awaitRenewal(state, clock.now())
  const work = new Work(options.runners, log, (event) => loop.feed(event))
  const loop = new Loop<NodeState, NodeEvent, NodeEffect>({
    state,
    decide: (current, event, now) => decide(current, event, now, random),
    due: (current) => current.deadlines.next(),
    other: (effect) => work.perform(effect),
    rules: {
      verifier: secp,
      net,
      isMe: (key) => key === signer.pubkey,
      startedAt: clock.now(),
      replay: new ReplayCache(2 * bounds.freshnessMs),
      freshnessMs: bounds.freshnessMs,
    },
    clock,
    store,
    log,
    joined: (link) => {
      const router = options.routers.find((it) => it.address === link.address)
      if (router) state.pinned.set(link.id, router.key)
    },
    broken,
  })
  const dialled: Dialled[] = options.routers.map((router) =>
    network.dial(
      router.address,
      { signer, bounds, ...(options.onTrouble ? { onTrouble: options.onTrouble } : {}) },
      loop,
    ),
  )
  const stopWatching = watch(options.runners, capabilities, clock, (runner, found) =>
    loop.feed({ type: 'capabilities', runner, capabilities: found }),
  )
  return {
    key: signer.pubkey,
    async close({ now = false } = {}) {
      stopWatching()
      if (!now) await drained(loop, state, clock)
      for (const it of dialled) it.close()
      loop.stop()
      await work.stop()
    },
  }
}

/**
 * Everything open is ended, and its receipts are where they belong: a router answers one when it is on
 * its disk, and has passed it on before. Or it takes too long.
 */
const drained = async (
  loop: Loop<NodeState, NodeEvent, NodeEffect>,
  state: NodeState,
  clock: Clock,
): Promise<void> => {
  loop.feed({ type: 'drain' })
  const until = clock.now() + DRAIN_MS
  while ((state.keeping.size > 0 || loop.unanswered() > 0) && clock.now() < until)
    await new Promise<void>((resolve) => void clock.after(DRAIN_LOOK_MS, resolve))
}

/** Asks the runners now and then what they can do, and tells when one can do something else, or nothing. */
const watch = (
  runners: readonly Runner[],
  before: readonly (readonly Capability[])[],
  clock: Clock,
  changed: (runner: number, capabilities: readonly Capability[]) => void,
): (() => void) => {
  const known = before.map((it) => JSON.stringify(it))
  let stopped = false
  const look = async (): Promise<void> => {
    for (const [i, runner] of runners.entries()) {
      const found = await runner.capabilities().catch(() => [])
      if (stopped || JSON.stringify(found) === known[i]) continue
      known[i] = JSON.stringify(found)
      changed(i, found)
    }
    if (!stopped) stop = clock.after(LOOK_MS, () => void look())
  }
  let stop = clock.after(LOOK_MS, () => void look())
  return () => {
    stopped = true
    stop()
  }
}

/** How often runners are asked what they can do. */
const LOOK_MS = 15_000
/** How long the last receipts may take to reach the disks. */
const DRAIN_MS = 1_000
const DRAIN_LOOK_MS = 5
