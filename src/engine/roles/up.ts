import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import type { Fields, Log } from '../base/log.ts'
import { type Random, systemRandom } from '../base/random.ts'
import type { Secp256k1, Signer } from '../identity/seams.ts'
import { newSigner } from '../identity/signer.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { Ledgers } from '../payments/sim/ledger.ts'
import { openSimWallet } from '../payments/sim/wallet.ts'
import type { Runner } from '../runners/runner.ts'
import { memoryStore } from '../storage/memory.ts'
import { openStore } from '../storage/sqlite.ts'
import type { LedgerStore } from '../storage/money-store.ts'
import type { Network } from '../transport/network.ts'
import { socketNetwork } from '../transport/sockets.ts'
import { type Node, openNode } from './node/node.ts'
import { PLAY_PRICES } from './node/prices.ts'
import { openRouter } from './router/router.ts'

/** Something that happened in the network, for people who watch. */
export type UpEvent = Readonly<{ event: string; fields: Fields }>

export type UpOptions = {
  /** 0: any that is free. */
  port?: number
  runners: readonly Runner[]
  log: Log
  software: string
  /** Where the ledgers lie; nowhere but in memory without it. */
  state?: string
  /** Where the node is paid in play money: a ledger that its clients share. Without it nobody pays. */
  play?: Readonly<{ path: string; ledgers?: Ledgers }>
  onEvent?: (event: UpEvent) => void
  secp?: Secp256k1
  routerSigner?: Signer
  nodeSigner?: Signer
  network?: Network
  clock?: Clock
  random?: Random
  /** Ends the start; once the network stands, `close` does. */
  signal?: AbortSignal
  /** Router or node can go on no longer. */
  broken: (fault: Fault) => void
}

export interface Up {
  readonly router: { key: PubKey; address: string }
  readonly node: { key: PubKey; tasks: { task: string; models: string[] }[] }
  close(): Promise<void>
}

/** The usual port of a router on this machine. */
export const UP_PORT = 7447

/** For a node to join a router in its own process: what takes longer will not happen. */
const JOIN_MS = 10_000

/**
 * A whole network in one process, on play money: a router and a node that dials it over loopback. It
 * stands when this resolves; where it cannot stand, everything that was opened is closed again.
 * @throws Fault `unavailable` where the port is taken, or `up.not_joined`; `interrupted` by `signal`;
 * the Fault of a router or node that broke meanwhile
 */
export const openUp = async (options: UpOptions): Promise<Up> => {
  const opened: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    const faults: unknown[] = []
    // The last one first; one that does not close keeps no other open.
    for (const one of opened.splice(0).toReversed())
      await Promise.resolve()
        .then(one)
        .catch((fault: unknown) => faults.push(fault))
    if (faults.length > 0) throw faults[0]
  }
  const start = startOf(options)
  try {
    return { ...(await open(options, start, opened)), close }
  } catch (error) {
    await close().catch(() => {})
    throw error
  } finally {
    start.settle()
  }
}

const open = async (
  options: UpOptions,
  start: Start,
  opened: (() => unknown)[],
): Promise<Omit<Up, 'close'>> => {
  const { log, runners, software, state } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const secp = options.secp ?? (await openSecp256k1())
  const network = options.network ?? socketNetwork({ clock, random })
  const watched = watch(log, options.onEvent)
  const broken = start.broken
  const common = { secp, net: 'sim' as const, network, software, clock, random, broken }
  const storeOf = async (role: string): Promise<LedgerStore> => {
    const store = state ? await openStore(join(state, role, 'ledger.db')) : memoryStore()
    opened.push(() => store.close())
    return store
  }
  const signer = options.nodeSigner ?? newSigner(secp, random)
  const joined = Promise.withResolvers<void>()
  const router = await openRouter({
    ...common,
    signer: options.routerSigner ?? newSigner(secp, random),
    store: await storeOf('router'),
    hostname: '127.0.0.1',
    port: options.port ?? UP_PORT,
    name: 'home',
    log: {
      ...watched,
      info: (event, fields) => {
        if (event === 'node.joined' && fields?.['node'] === signer.pubkey) joined.resolve()
        watched.info(event, fields)
      },
    },
  })
  opened.push(() => router.close())
  const nodeStore = await storeOf('node')
  const account = `node-${signer.pubkey.slice(0, 16)}`
  const wallet =
    options.play &&
    (await openSimWallet({ ...options.play, account }, { ...common, ...options.play }))
  const opening = openNode({
    ...common,
    signer,
    store: nodeStore,
    ...(wallet && { money: { wallet, store: nodeStore.money } }),
    routers: [router],
    runners,
    rows: PLAY_PRICES,
    log: watched,
    onTrouble: start.trouble,
  })
  let node: Node | undefined
  // A runner may take its time to answer: a node that opens too late is closed then.
  const late = () => void opening.then((it) => it.close()).catch(() => {})
  opened.push(() => (node ? node.close() : late()))
  node = await Promise.race([opening, start.failed])
  await Promise.race([joined.promise, start.failed])
  return {
    router: { key: router.key, address: router.address },
    node: { key: node.key, tasks: await Promise.race([tasksOf(runners), start.failed]) },
  }
}

/** What can end a start before the network stands. */
type Start = Readonly<{
  failed: Promise<never>
  broken: (fault: Fault) => void
  trouble: (fault: Fault) => void
  settle: () => void
}>

const startOf = ({ broken, signal, clock = systemClock }: UpOptions): Start => {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  // Whoever fails before the first race has nobody yet who hears of it.
  failed.catch(() => {})
  let trouble: Fault | undefined
  const interrupt = () => reject(new Fault('interrupted', 'interrupted', 'interrupted'))
  const stopTimer = clock.after(JOIN_MS, () => reject(notJoined(trouble)))
  if (signal?.aborted) interrupt()
  signal?.addEventListener('abort', interrupt, { once: true })
  return {
    failed,
    broken: (fault) => {
      reject(fault)
      broken(fault)
    },
    trouble: (fault) => {
      trouble = fault
    },
    settle: () => {
      stopTimer()
      signal?.removeEventListener('abort', interrupt)
    },
  }
}

const notJoined = (trouble: Fault | undefined): Fault =>
  new Fault(
    'unavailable',
    'up.not_joined',
    `the node did not reach the router beside it within ${JOIN_MS / 1000} s${trouble ? `: ${trouble.message}` : ''}`,
    {
      hint: 'check that nothing on this machine filters connections to 127.0.0.1, then try again',
      ...(trouble && { cause: trouble }),
    },
  )

const watch = (log: Log, onEvent: UpOptions['onEvent']): Log => {
  const both =
    (level: keyof Log) =>
    (event: string, fields: Fields = {}) => {
      log[level](event, fields)
      onEvent?.({ event, fields })
    }
  return { info: both('info'), warn: both('warn'), error: both('error') }
}

const tasksOf = async (runners: readonly Runner[]): Promise<Up['node']['tasks']> => {
  const tasks = new Map<string, string[]>()
  for (const runner of runners)
    for (const { task, model } of await runner.capabilities())
      tasks.set(task, [...(tasks.get(task) ?? []), model.name])
  return [...tasks].map(([task, models]) => ({ task, models: [...new Set(models)] }))
}
