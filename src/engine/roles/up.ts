import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Fault } from '../base/fault.ts'
import type { Fields, Log } from '../base/log.ts'
import { type Random, systemRandom } from '../base/random.ts'
import type { Secp256k1, Signer } from '../identity/seams.ts'
import { newSigner } from '../identity/signer.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { Runner } from '../runners/runner.ts'
import { memoryStore } from '../storage/memory.ts'
import { openStore } from '../storage/sqlite.ts'
import type { Network } from '../transport/network.ts'
import { socketNetwork } from '../transport/sockets.ts'
import { openNode } from './node/node.ts'
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
  onEvent?: (event: UpEvent) => void
  secp?: Secp256k1
  routerSigner?: Signer
  nodeSigner?: Signer
  network?: Network
  clock?: Clock
  random?: Random
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

/** A whole network in one process, on play money: a router and a node that dials it over loopback. */
export const openUp = async (options: UpOptions): Promise<Up> => {
  const { log, runners, software, broken, state } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const secp = options.secp ?? (await openSecp256k1())
  const network = options.network ?? socketNetwork({ clock, random })
  const watched = watch(log, options.onEvent)
  const common = { secp, net: 'sim' as const, network, software, clock, random, broken }
  const stores = state
    ? [
        await openStore(join(state, 'router', 'ledger.db')),
        await openStore(join(state, 'node', 'ledger.db')),
      ]
    : [memoryStore(), memoryStore()]
  const joined = Promise.withResolvers<void>()
  const router = await openRouter({
    ...common,
    signer: options.routerSigner ?? newSigner(secp, random),
    store: stores[0]!,
    hostname: '127.0.0.1',
    port: options.port ?? UP_PORT,
    name: 'home',
    log: {
      ...watched,
      info: (event, fields) => {
        if (event === 'node.joined') joined.resolve()
        watched.info(event, fields)
      },
    },
  })
  const node = await openNode({
    ...common,
    signer: options.nodeSigner ?? newSigner(secp, random),
    store: stores[1]!,
    routers: [router],
    runners,
    rows: PLAY_PRICES,
    log: watched,
  })
  await joined.promise
  return {
    router: { key: router.key, address: router.address },
    node: { key: node.key, tasks: await tasksOf(runners) },
    async close() {
      await node.close()
      await router.close()
      await Promise.all(stores.map((store) => store.close()))
    },
  }
}

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
