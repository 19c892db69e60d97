import { type Clock, unixMs } from '../../src/engine/base/clock.ts'
import type { Signer } from '../../src/engine/identity/seams.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import type { LedgerStore } from '../../src/engine/storage/money-store.ts'
import type { Payer } from '../../src/engine/payments/payer.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import type { Delivery, Link, LinkOwner } from '../../src/engine/transport/link.ts'
import type { MemoryNetwork } from '../../src/engine/transport/memory.ts'
import type { Network } from '../../src/engine/transport/network.ts'
import type { Tape } from './tap.ts'

/** What a party does that others can see, or that outlives it: the points at which it can crash. */
export type Deed =
  | 'event'
  | 'frame'
  | 'answer'
  | 'write'
  | 'commit'
  | 'observe'
  | 'invoice'
  | 'lookup'
  | 'settle'
  | 'cancel'
  | 'pay'
  | 'ask'
/** Before or after the deed of this number (from 1, over all lives of the party). */
export type Crash = Readonly<{ at: number; side: 'before' | 'after' }>
/** `killed`: its machine closes its connections. `vanished` (who dials): nobody hears anything any more. */
export type Death = 'killed' | 'vanished'

/** A party of a network: what lasts while its processes come and go. */
export type Party = {
  /** `router`, `node 0`, `client 1`. */
  readonly name: string
  readonly signer: Signer
  /** What is on its disk. */
  readonly store: LedgerStore
  /** All that it did, over all its lives. */
  readonly deeds: Deed[]
  /** Where it will crash. */
  crash: Crash | null
  /** How far its clock is from the true one, ms. */
  skewMs: number
  life: Life | null
}

export const newParty = (name: string, signer: Signer, crash: Crash | null = null): Party => ({
  name,
  signer,
  store: memoryStore(),
  deeds: [],
  crash,
  skewMs: 0,
  life: null,
})

type Seams = Readonly<{
  clock: Clock
  memory: MemoryNetwork
  tape: Tape
  /** Told when the party has come to its crash, and is dead. */
  crashed: () => void
}>

/** Longest that a row waits for its commit, as in storage/group-commit.ts. */
const COMMIT_MS = 5

/**
 * One process of a party: a clock, a network and a store that end all at once. Whatever the process
 * still wants when it is dead, even later in the same decision, happens no more.
 */
export class Life {
  readonly clock: Clock
  readonly network: Network
  readonly store: LedgerStore
  /** Frames to it that are lost on the way. */
  loses: (bytes: Uint8Array) => boolean = () => false
  private dead: Death | null = null
  private readonly links = new Map<number, Link>()
  private readonly closers: (() => void)[] = []
  private waiting: (() => void)[] = []

  constructor(
    private readonly party: Party,
    private readonly seams: Seams,
  ) {
    const { clock, memory } = seams
    this.clock = {
      now: () => unixMs(clock.now() + party.skewMs),
      // Time that went by does not jump with the clock on the wall.
      ticks: () => clock.ticks(),
      after: (ms, call) => clock.after(ms, () => this.dead || call()),
    }
    this.network = {
      listen: async (door, owner) => {
        const listening = await memory.listen(door, this.heard(owner))
        this.closes(() => void listening.close())
        return listening
      },
      dial: (address, options, owner) => {
        const dialled = memory.dial(address, options, this.heard(owner))
        this.closes(() => dialled.close())
        return dialled
      },
    }
    this.store = {
      ...party.store,
      keep: (kept) => this.act('write', () => this.commit(() => party.store.keep(kept)), never()),
      money: {
        ...party.store.money,
        write: (changes) =>
          this.act('write', () => this.commit(() => party.store.money.write(changes)), never()),
      },
      observe: (seen) => this.act('observe', () => party.store.observe(seen), never()),
      close: async () => {},
    }
    party.life = this
  }

  get alive(): boolean {
    return this.dead === null
  }

  /** Ids of its open links. */
  linkIds(): number[] {
    return [...this.links.keys()]
  }

  end(how: Death): void {
    if (this.dead) return
    this.dead = how
    this.party.life = null
    const { memory } = this.seams
    if (how === 'vanished') memory.partition(this.linkIds())
    else for (const id of this.links.keys()) memory.cut(id)
    for (const close of this.closers) close()
  }

  /** A dead machine that is reached again says that it knows no such connection. */
  buried(): void {
    for (const id of this.links.keys()) this.seams.memory.cut(id)
  }

  /** Its wallet: what it asks of it is a deed, and what it hears ends with it. */
  wallet(inner: Wallet): Wallet {
    return {
      ...inner,
      createInvoice: (wish) =>
        this.act('invoice', () => this.heardOf(inner.createInvoice(wish)), never()),
      lookup: (hash) => this.act('lookup', () => this.heardOf(inner.lookup(hash)), never()),
      ...(inner.hold && { hold: this.holds(inner.hold) }),
      subscribe: (changed) => inner.subscribe((status) => void (this.dead || changed(status))),
    }
  }

  private holds({ settle, cancel }: NonNullable<Wallet['hold']>): NonNullable<Wallet['hold']> {
    return {
      settle: (it) => this.act('settle', () => this.heardOf(settle(it)), never()),
      cancel: (hash) => this.act('cancel', () => this.heardOf(cancel(hash)), never()),
    }
  }

  payer(inner: Payer): Payer {
    return {
      ...inner,
      pay: (...of) => this.act('pay', () => this.heardOf(inner.pay(...of)), never()),
      payStatus: (...of) => this.act('ask', () => this.heardOf(inner.payStatus(...of)), never()),
    }
  }

  private heardOf<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) =>
      answer.then(
        (it) => void (this.dead || resolve(it)),
        (error: unknown) => void (this.dead || reject(error)),
      ),
    )
  }

  private closes(close: () => void): void {
    if (this.dead) close()
    else this.closers.push(close)
  }

  private act<T>(deed: Deed, perform: () => T, dead: T): T {
    if (this.dead) return dead
    const at = this.party.deeds.push(deed)
    const side = this.party.crash?.at === at ? this.party.crash.side : null
    if (side === 'before') {
      this.crash()
      return dead
    }
    const result = perform()
    if (side === 'after') this.crash()
    return result
  }

  private crash(): void {
    this.party.crash = null
    this.seams.crashed()
  }

  /** All that waits is written at once, or nothing of it: the promise is settled after that. */
  private commit(write: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.waiting.length === 0) this.clock.after(COMMIT_MS, () => this.flush())
    this.waiting.push(() => void write().then(() => this.dead || resolve(), reject))
    return promise
  }

  private flush(): void {
    const rows = this.waiting
    this.waiting = []
    this.act('commit', () => rows.forEach((write) => write()), undefined)
  }

  private heard(owner: LinkOwner): LinkOwner {
    const { tape } = this.seams
    const own = (link: Link): Link => {
      const known = this.links.get(link.id)
      if (known) return known
      const numbered = this.numbered(link)
      this.links.set(link.id, numbered)
      return numbered
    }
    return {
      authenticated: (link, key, auth) => this.dead || owner.authenticated(own(link), key, auth),
      closed: (link, reason) => {
        const known = own(link)
        this.links.delete(link.id)
        if (!this.dead) owner.closed(known, reason)
      },
      event: (link, text) => {
        if (this.dead) return
        tape.event(text, this.seams.clock.now())
        owner.event(own(link), text)
      },
      frame: (link, bytes) => {
        if (this.dead || this.loses(bytes)) return
        tape.frame(link.id, bytes)
        owner.frame(own(link), bytes)
      },
    }
  }

  private numbered(link: Link): Link {
    return {
      ...link,
      send: (outgoing) => this.act('event', () => link.send(outgoing), never<Delivery>()),
      frame: (bytes) => this.act('frame', () => link.frame(bytes), true),
      answer: (id, accepted, message) =>
        this.act('answer', () => link.answer(id, accepted, message), undefined),
      query: (filter) => (this.dead ? never() : link.query(filter)),
      // A link over a socket has these from its class.
      offend: () => link.offend(),
      stray: (bytes) => link.stray(bytes),
      unsent: () => link.unsent(),
      close: (reason) => {
        if (!this.dead) link.close(reason)
      },
    }
  }
}

const never = <T>(): Promise<T> => new Promise(() => {})
