import { type Random, seededRandom } from '../../src/engine/base/random.ts'
import { silentLog } from '../../src/engine/base/log.ts'
import { type VirtualClock, virtualClock } from '../../src/engine/base/virtual-clock.ts'
import type { Bounds } from '../../src/engine/base/bounds.ts'
import type { Fault } from '../../src/engine/base/fault.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import type { Signer } from '../../src/engine/identity/seams.ts'
import type { Client, News, Outcome, Wish } from '../../src/engine/roles/client/news.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import { type Node, openNode } from '../../src/engine/roles/node/node.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { type Router, openRouter } from '../../src/engine/roles/router/router.ts'
import type { Runner } from '../../src/engine/runners/runner.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import type { Store } from '../../src/engine/storage/store.ts'
import { type MemoryNetwork, memoryNetwork } from '../../src/engine/transport/memory.ts'
import { type Recorded, tapped } from './tap.ts'

const secp = await openSecp256k1()

/** One party that can crash and come back with its key and its ledger. */
type Party = { signer: Signer; store: Store }
export type NodeParty = Party & { runners: readonly Runner[]; node: Node | undefined }

export type WorldOptions = {
  seed: number
  latencyMs?: number
  jitterMs?: number
  bounds?: Partial<Bounds>
}

/**
 * A whole network in this process: a router, nodes and clients on the memory link, a clock that
 * stands still until it is moved, one seed for everything that is drawn, and a record of
 * everything that crossed a link.
 */
export class World {
  readonly clock: VirtualClock = virtualClock()
  readonly random: Random
  readonly memory: MemoryNetwork
  readonly recorded: Recorded
  readonly faults: Fault[] = []
  readonly nodes: NodeParty[] = []
  readonly clients: Client[] = []
  readonly routerParty: Party
  router: Router | undefined
  private readonly network: MemoryNetwork
  private wanted = false
  private readonly address = { hostname: 'router.test', port: 7447 }

  constructor(private readonly options: WorldOptions) {
    this.random = seededRandom(options.seed)
    this.memory = memoryNetwork({ clock: this.clock, ...options, random: this.random })
    const tap = tapped(this.memory)
    this.network = tap.network
    this.recorded = tap.recorded
    this.routerParty = this.party()
  }

  async startRouter(): Promise<void> {
    if (this.wanted) return
    this.wanted = true
    this.router = await openRouter({
      ...this.common(this.routerParty),
      ...this.address,
      name: 'router',
      software: 'test',
    })
  }

  async stopRouter(): Promise<void> {
    this.wanted = false
    await this.router?.close()
    this.router = undefined
  }

  async addNode(runners: readonly Runner[]): Promise<NodeParty> {
    const party: NodeParty = { ...this.party(), runners, node: undefined }
    this.nodes.push(party)
    await this.startNode(party)
    return party
  }

  async startNode(party: NodeParty): Promise<void> {
    party.node = await openNode({
      ...this.common(party),
      routers: [this.routerAt()],
      runners: party.runners,
      rows: PLAY_PRICES,
      software: 'test',
    })
  }

  /** As a kill would: nothing is said to anybody. */
  async stopNode(party: NodeParty): Promise<void> {
    await party.node?.close({ now: true })
    party.node = undefined
  }

  async addClient(): Promise<Client> {
    const { signer, ...common } = this.common(this.party())
    const client = await openClient({ ...common, signer, router: this.routerAt() })
    this.clients.push(client)
    return client
  }

  /**
   * Sends a wish and gathers all its news; the outcome is there when the clock has run far enough.
   * A reader with a `lagMs` takes that long over each piece.
   */
  request(client: Client, wish: Partial<Wish>, signal?: AbortSignal, lagMs = 0): Asked {
    const asked: Asked = { news: [], outcome: undefined }
    void (async () => {
      for await (const news of client.request(wishOf(wish), signal)) {
        asked.news.push(news)
        if (lagMs > 0) await new Promise<void>((resolve) => void this.clock.after(lagMs, resolve))
        if (news.type === 'ended') asked.outcome = news.outcome
      }
    })()
    return asked
  }

  async close(): Promise<void> {
    for (const client of this.clients) await client.close()
    for (const party of this.nodes) await this.stopNode(party)
    await this.stopRouter()
  }

  private routerAt() {
    const { hostname, port } = this.address
    return { key: this.routerParty.signer.pubkey, address: `ws://${hostname}:${port}` }
  }

  private party(): Party {
    return { signer: newSigner(secp, this.random), store: memoryStore() }
  }

  private common({ signer, store }: Party) {
    return {
      signer,
      store,
      secp,
      net: 'sim' as const,
      network: this.network,
      log: silentLog,
      clock: this.clock,
      random: this.random,
      bounds: this.options.bounds ?? {},
      broken: (fault: Fault) => void this.faults.push(fault),
    }
  }
}

export type Asked = { news: News[]; outcome: Outcome | undefined }

/** A chat of one short message, unless the test says otherwise. */
export const wishOf = (wish: Partial<Wish> = {}): Wish => ({
  task: 'text.chat@1',
  input: { messages: [{ role: 'user', content: 'hello' }] },
  models: [],
  outTokens: 64,
  cap: null,
  deadlineMs: 60_000,
  class: 'interactive',
  where: { allow: [], deny: [] },
  ...wish,
})
