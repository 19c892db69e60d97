import { BOUNDS, type Bounds } from '../../base/bounds.ts'
import { toHex } from '../../base/bytes.ts'
import { type Clock, type UnixMs, systemClock, unixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { type Random, systemRandom } from '../../base/random.ts'
import type { Secp256k1, Signer } from '../../identity/seams.ts'
import type { Net } from '../../protocol/event.ts'
import { type PubKey, bootId } from '../../protocol/ids.ts'
import type { Contents } from '../../protocol/messages.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import { NOT_REGISTERED } from '../../protocol/register.ts'
import type { Runner } from '../../runners/runner.ts'
import type { Store } from '../../storage/store.ts'
import type { Dialled, Network } from '../../transport/network.ts'
import { Desk } from '../desk.ts'
import { Loop } from '../loop.ts'
import { decide } from './decide.ts'
import { type NodeEffect, type NodeEvent, type NodeState, newNodeState } from './state.ts'
import { shiftTimes } from './times.ts'
import { awaitRenewal, signSheet } from './sheet.ts'
import { type NodeMoney, openMoney, paidRow } from './money.ts'
import type { LedgerEffect } from './till.ts'
import { watchRunners } from './watch.ts'
import type { RouterRecord } from './supply.ts'
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
  /** Who runs it: said in its manifest and in each of its tickets. */
  operator?: PubKey | null
  clock?: Clock
  random?: Random
  bounds?: Partial<Bounds>
  /** Where it is paid; without it nobody pays, and everybody is served. */
  money?: NodeMoney
  /** Told of each attempt to reach a router that failed. */
  onTrouble?: (trouble: Fault) => void
  broken: (fault: Fault) => void
}

/** How a node stands, in numbers. */
export type NodeFigures = Readonly<{
  /** Routers that know it. */
  routers: number
  /** Tickets that somebody could use now. */
  tickets: number
  /** Jobs that wait or run, or whose receipt is not on disk yet. */
  jobs: number
  /** What is remembered of jobs, in all tables: nothing, some time after the last one. */
  records: number
}>

export interface Node {
  readonly key: PubKey
  /** Dials one router more, until the returned function is called. */
  dial(router: { key: PubKey; address: string }): () => void
  figures(): NodeFigures
  /** Withdraws its tickets and takes nothing more; resolves when what ran has ended. */
  drain(): Promise<void>
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
  const money = options.money && (await openMoney(options.money, options, clock.now()))
  const rows = money ? options.rows.map((row) => paidRow(row, money.till.canHold)) : options.rows
  const state = newNodeState({
    till: money?.till ?? null,
    signer,
    net,
    bounds,
    boot: bootId(toHex(random.bytes(16))),
    queue: options.queue ?? QUEUE,
    rows,
    sheet: signSheet({ ...options, rows, pay: money?.till.pay ?? null }, clock.now()),
    name: options.name ?? null,
    software: options.software,
    operator: options.operator ?? null,
    head: store.chainHead(signer.pubkey),
    runners: options.runners.map((it, i) => ({
      info: it.info,
      slots: it.slots,
      capabilities: capabilities[i]!,
    })),
  })
  awaitRenewal(state, clock.now())
  /** The key that must answer at each address. */
  const keys = new Map<string, PubKey>()
  const dialled = new Set<Dialled>()
  const read = ({ key, from, limit, to }: LedgerEffect): void => {
    const found = options.money?.store.statements(signer.pubkey, key, from, limit) ?? []
    loop.feed({ type: 'statements', found, to })
  }
  const work = new Work(options.runners, log, (event) => loop.feed(event))
  const loop = new Loop<NodeState, NodeEvent, NodeEffect>({
    state,
    decide: (current, event, now) => decide(current, event, now, random),
    deadlines: (current) => current.deadlines,
    clockSet: shiftTimes,
    other: (effect) => {
      if (effect.do === 'wallet') return desk?.perform(effect)
      if (effect.do === 'statements') return read(effect)
      return work.perform(effect)
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
    store,
    ...(options.money && { money: options.money.store }),
    log,
    delivered: (link, _id, delivery) => {
      if (delivery.state === 'refused' && delivery.reason === NOT_REGISTERED)
        loop.feed({ type: 'displaced', link })
    },
    joined: (link) => {
      const key = keys.get(link.address)
      if (key) state.pinned.set(link.id, key)
    },
    broken,
  })
  const desk =
    options.money &&
    new Desk({
      wallet: options.money.wallet,
      binds: true,
      isKnown: (hash) => options.money?.store.invoice(hash) != null,
      net,
      clock,
      log,
      tell: (event) => loop.feed({ type: 'wallet', event }),
    })
  if (money) loop.feed({ type: 'opened', changes: money.changes })
  const dial: Node['dial'] = ({ key, address }) => {
    keys.set(address, key)
    const one = network.dial(
      address,
      { signer, bounds, ...(options.onTrouble ? { onTrouble: options.onTrouble } : {}) },
      loop,
    )
    dialled.add(one)
    return () => {
      dialled.delete(one)
      one.close()
    }
  }
  for (const router of options.routers) dial(router)
  const stopWatching = watchRunners(options.runners, capabilities, clock, (runner, found) =>
    loop.feed({ type: 'capabilities', runner, capabilities: found }),
  )
  return {
    key: signer.pubkey,
    dial,
    figures: () => figuresOf(state, clock.now()),
    async drain() {
      loop.feed({ type: 'drain', now: false })
      while (figuresOf(state, clock.now()).jobs > 0) await pause(clock, DRAIN_LOOK_MS)
    },
    async close({ now = false } = {}) {
      stopWatching()
      if (!now) await drained(loop, state, clock)
      for (const it of dialled) it.close()
      loop.stop()
      await work.stop()
      await desk?.close()
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
  loop.feed({ type: 'drain', now: true })
  const until = clock.ticks() + DRAIN_MS
  while ((state.keeping.size > 0 || loop.unanswered() > 0) && clock.ticks() < until)
    await pause(clock, DRAIN_LOOK_MS)
}

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve))

const figuresOf = (state: NodeState, now: UnixMs): NodeFigures => ({
  routers: [...state.routers.values()].filter(isTaking).length,
  tickets: [...state.tickets.values()].filter(
    (it) => !it.used && it.expires > now && isTaking(state.routers.get(it.link)),
  ).length,
  jobs: [...state.jobs.values()].filter((it) => it.phase !== 'recorded').length,
  records: state.jobs.size + state.keeping.size + state.occupied.size + state.waiting.size,
})

/** It has accepted our registration and knows of no newer one. */
const isTaking = (router: RouterRecord | undefined): boolean =>
  router !== undefined && router.ready && !router.displaced

/** How long the last receipts may take to reach the disks. */
const DRAIN_MS = 1_000
const DRAIN_LOOK_MS = 5
