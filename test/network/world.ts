import { type Random, seededRandom } from '../../src/engine/base/random.ts'
import { type Log, silentLog } from '../../src/engine/base/log.ts'
import { type VirtualClock, virtualClock } from '../../src/engine/base/virtual-clock.ts'
import type { Bounds } from '../../src/engine/base/bounds.ts'
import type { Fault } from '../../src/engine/base/fault.ts'
import { ANYWHERE } from '../../src/engine/protocol/where.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import type { Secp256k1, Signer } from '../../src/engine/identity/seams.ts'
import type { Client, News, Outcome, Wish } from '../../src/engine/roles/client/news.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import { type Node, openNode } from '../../src/engine/roles/node/node.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { type Router, openRouter } from '../../src/engine/roles/router/router.ts'
import type { PaymentRule } from '../../src/engine/routing/payment.ts'
import type { Runner } from '../../src/engine/runners/runner.ts'
import { type MemoryNetwork, memoryNetwork } from '../../src/engine/transport/memory.ts'
import { Bank } from './bank.ts'
import { type Crash, type Death, Life, newParty, type Party } from './life.ts'
import { Tape } from './tap.ts'

const real = await openSecp256k1()

export type NodeParty = Party & { runners: readonly Runner[]; node: Node | undefined }
/** `isPoor`: no wallet is connected. */
export type ClientParty = Party & { client: Client | undefined; isPoor?: boolean }

export type WorldOptions = {
  seed: number
  latencyMs?: number
  jitterMs?: number
  bounds?: Partial<Bounds>
  /** Places behind each slot of the nodes. */
  queue?: number
  /** What nodes charge; PLAY_PRICES by default. */
  rows?: typeof PLAY_PRICES
  /** Which payment the router asks for. */
  payment?: PaymentRule
  /** What the router takes for itself: so much for so many jobs. */
  fee?: Readonly<{ pack: bigint; routes: number }>
  /** Nodes are paid, in play money; every client has a purse with so much, msat. */
  purse?: bigint
  /** Where one of the parties crashes, by its name. */
  crash?: Crash & { party: string }
  /** Where all parties log; nowhere by default. */
  log?: Log
  /** Real signatures by default. */
  secp?: Secp256k1
}

/**
 * A whole network in this process: a router, nodes and clients on the memory link, a clock that
 * stands still until it is moved, one seed for everything that is drawn, and a record of
 * everything that crossed a link. Each party can die at any of its deeds, and come back.
 */
export class World {
  readonly clock: VirtualClock = virtualClock()
  readonly secp: Secp256k1
  readonly random: Random
  readonly memory: MemoryNetwork
  readonly recorded = new Tape()
  readonly faults: Fault[] = []
  readonly nodes: NodeParty[] = []
  readonly clients: ClientParty[] = []
  readonly routerParty: Party
  router: Router | undefined
  /** Called when a party has come to its crash (life.ts) and is dead. */
  onCrash: (party: Party) => void = () => {}
  readonly bank: Bank | undefined
  /** What clients were about to pay when nobody waited for it. */
  readonly background: News[] = []
  private readonly address = { hostname: 'router.test', port: 7447 }
  /** It may be changed for the router's next life. */
  fee: WorldOptions['fee']
  payment: WorldOptions['payment']
  private closing = false

  constructor(private readonly options: WorldOptions) {
    this.secp = options.secp ?? real
    this.random = seededRandom(options.seed)
    this.memory = memoryNetwork({ clock: this.clock, ...options, random: this.random })
    this.routerParty = this.party('router')
    const { purse } = options
    this.fee = options.fee
    this.payment = options.payment
    if (purse !== undefined) this.bank = new Bank(this.secp, this.random, purse, this.faults)
  }

  get routerAddress(): string {
    return `ws://${this.address.hostname}:${this.address.port}`
  }

  async startRouter(): Promise<void> {
    if (this.routerParty.life || this.closing) return
    const life = this.live(this.routerParty)
    const router = await openRouter({
      ...this.common(this.routerParty, life),
      ...this.address,
      name: 'router',
      software: 'test',
      ...(this.payment && { payment: this.payment }),
      ...(this.bank && this.fee && { fee: await this.bank.fee(this.fee, life) }),
    })
    if (life.alive) this.router = router
  }

  /** As a kill would: nothing is said to anybody. */
  async stopRouter(): Promise<void> {
    this.kill(this.routerParty)
  }

  /** @param wrap what signs for it, where a test wants a node that lies */
  async addNode(
    runners: readonly Runner[],
    wrap: (signer: Signer) => Signer = (signer) => signer,
  ): Promise<NodeParty> {
    const party = this.party(`node ${this.nodes.length}`)
    return this.joined({ ...party, signer: wrap(party.signer), runners, node: undefined })
  }

  private async joined(party: NodeParty): Promise<NodeParty> {
    this.nodes.push(party)
    await this.startNode(party)
    return party
  }

  async startNode(party: NodeParty): Promise<void> {
    if (party.life || this.closing) return
    const life = this.live(party)
    const node = await openNode({
      ...this.common(party, life),
      routers: [this.routerAt()],
      runners: party.runners,
      rows: this.options.rows ?? PLAY_PRICES,
      ...(this.bank && { money: await this.bank.till(party.name, life) }),
      ...(this.options.queue === undefined ? {} : { queue: this.options.queue }),
      software: 'test',
    })
    if (life.alive) party.node = node
    else void node.close({ now: true })
  }

  /** As a kill would: nothing is said to anybody. */
  async stopNode(party: NodeParty, how: Death = 'killed'): Promise<void> {
    this.kill(party, how)
  }

  /** @param signer of a client that is there: several processes may share a key */
  async addClient(signer?: Signer): Promise<Client> {
    const party: ClientParty = {
      ...this.party(`client ${this.clients.length}`),
      ...(signer && { signer }),
      client: undefined,
    }
    this.clients.push(party)
    await this.startClient(party)
    return party.client!
  }

  async startClient(party: ClientParty): Promise<void> {
    if (party.life || this.closing) return
    const life = this.live(party)
    const client = await openClient({
      ...this.common(party, life),
      router: this.routerAt(),
      ...(this.bank && { tab: this.bank.tab }),
      background: (news) => void this.background.push(news),
      ...(this.bank && !party.isPoor && { money: await this.bank.purse(party, life) }),
    })
    if (life.alive) party.client = client
  }

  /** Ends the process of a party, now; it hears and does nothing more. */
  kill(party: Party, how: Death = 'killed'): void {
    party.life?.end(how)
    if (party === this.routerParty) this.router = undefined
    const client = this.clients.find((it) => it === party)
    if (client) client.client = undefined
    const node = this.nodes.find((it) => it === party)
    // Its runners are told by nobody: they see that the connection is gone.
    void node?.node?.close({ now: true })
    if (node) node.node = undefined
  }

  /** Starts what is down. */
  async start(party: Party): Promise<void> {
    const node = this.nodes.find((it) => it === party)
    const client = this.clients.find((it) => it === party)
    if (node) await this.startNode(node)
    else if (client) await this.startClient(client)
    else await this.startRouter()
  }

  /**
   * Sends a wish and gathers all its news; the outcome is there when the clock has run far enough.
   * A reader with a `lagMs` takes that long over each piece.
   */
  request(client: Client, wish: Partial<Wish>, signal?: AbortSignal, lagMs = 0): Asked {
    const party = this.clients.find((it) => it.client === client)!
    const { life } = party
    const asked: Asked = {
      news: [],
      outcome: undefined,
      client: party,
      alive: () => life?.alive ?? false,
    }
    void (async () => {
      for await (const news of client.request(wishOf(wish), signal)) {
        asked.news.push(news)
        if (lagMs > 0) await new Promise<void>((resolve) => void this.clock.after(lagMs, resolve))
        if (news.type === 'ended') asked.outcome = news.outcome
      }
    })()
    return asked
  }

  /** What routers and nodes still remember of jobs. */
  records(): number {
    const standing = [this.router, ...this.nodes.map((it) => it.node)]
    return standing.reduce((sum, it) => sum + (it?.figures().records ?? 0), 0)
  }

  async close(): Promise<void> {
    this.closing = true
    for (const { client } of this.clients) await client?.close()
    for (const party of [...this.nodes, ...this.clients, this.routerParty]) this.kill(party)
  }

  private routerAt() {
    return { key: this.routerParty.signer.pubkey, address: this.routerAddress }
  }

  private party(name: string): Party {
    const { crash } = this.options
    const own = crash?.party === name ? crash : null
    return newParty(name, newSigner(this.secp, this.random), own)
  }

  private live(party: Party): Life {
    const { clock, memory, recorded: tape } = this
    return new Life(party, {
      clock,
      memory,
      tape,
      crashed: () => {
        this.kill(party)
        this.onCrash(party)
      },
    })
  }

  private common({ signer }: Party, life: Life) {
    return {
      signer,
      secp: this.secp,
      net: 'sim' as const,
      store: life.store,
      network: life.network,
      clock: life.clock,
      log: this.options.log ?? silentLog,
      random: this.random,
      bounds: this.options.bounds ?? {},
      broken: (fault: Fault) => {
        if (life.alive) this.faults.push(fault)
      },
    }
  }
}

export type Asked = {
  news: News[]
  outcome: Outcome | undefined
  client: ClientParty
  /** The whole of what its runner says, where that is known. */
  text?: string
  /** Whether the process that asked is still there: a dead one hears of no end. */
  alive: () => boolean
}

/** A chat of one short message, unless the test says otherwise. */
export const wishOf = (wish: Partial<Wish> = {}): Wish => ({
  task: 'text.chat@1',
  input: { messages: [{ role: 'user', content: 'hello' }] },
  models: [],
  outTokens: 64,
  cap: null,
  deadlineMs: 60_000,
  waitMs: 0,
  class: 'interactive',
  where: ANYWHERE,
  ...wish,
})
