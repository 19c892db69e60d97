import { BOUNDS, type Bounds } from '../../../src/engine/base/bounds.ts'
import { toHex } from '../../../src/engine/base/bytes.ts'
import { type UnixMs, unixMs } from '../../../src/engine/base/clock.ts'
import { type Random, seededRandom } from '../../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../../src/engine/identity/signer.ts'
import type { Secp256k1, Signer } from '../../../src/engine/identity/seams.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { type JobId, eventId } from '../../../src/engine/protocol/ids.ts'
import type { IntakeRules } from '../../../src/engine/protocol/intake.ts'
import { ReplayCache } from '../../../src/engine/protocol/replay.ts'
import type { News } from '../../../src/engine/roles/client/news.ts'
import type { matchesFilter } from '../../../src/engine/transport/filter.ts'
import { textOf } from '../../../src/engine/transport/link.ts'
import { quickSecp } from '../quick-secp.ts'
import type { Parcel, Tamper } from './parcel.ts'
import type { AnyEffect, AnyEvent, Mind, Party } from './party.ts'
import { answer, arrive, transmit } from './wires.ts'

export const secp = await openSecp256k1()

/**
 * Real minds on wires without delay, in one thread: what one sends, the other decides upon before
 * the call returns. Everything that arrives goes through the real intake; between sending and
 * arriving a test may tamper with it. States lie open, and time stands still unless it is moved.
 */
export class Stage {
  now: UnixMs = unixMs(1_800_000_000_000)
  readonly random: Random
  readonly bounds: Bounds
  /** Real signatures, but where a test has so many parties that they would cost seconds. */
  readonly secp: Secp256k1
  readonly parties: Party[] = []
  readonly tampers: Tamper[] = []
  /** Bytes that a party counted as of no accepted job. */
  readonly strays = new Map<Party, number>()
  /** Whose events were accepted before they were answered. */
  readonly taken: (Party | undefined)[] = []
  readonly news = new Map<JobId, News[]>()
  /** How a job's work is done, where a node has any (cast.ts). */
  onWork: (node: Party, effect: AnyEffect) => void = () => {}
  private readonly queue: (() => void)[] = []
  private draining = false
  private links = 0

  constructor(options: { seed?: number; bounds?: Partial<Bounds>; quick?: boolean } = {}) {
    this.secp = options.quick ? quickSecp() : secp
    this.random = seededRandom(options.seed ?? 1)
    this.bounds = { ...BOUNDS, ...options.bounds }
  }

  newSigner(): Signer {
    return newSigner(this.secp, this.random)
  }

  /** A party with nothing to it; `isMe` says for which keys it takes mail. */
  party(
    name: string,
    mind: Mind | null,
    options: {
      signer: Signer
      isDoor?: boolean
      local?: boolean
      place?: string | undefined
      clockMs?: number | undefined
      isMe?: IntakeRules['isMe']
    },
  ): Party {
    const { signer, isDoor = false, clockMs = 0 } = options
    const rules: IntakeRules = {
      verifier: this.secp,
      net: 'sim',
      isMe: options.isMe ?? ((key) => key === signer.pubkey),
      // As the loops of the roles have it: a door knows when it began, a dialling side need not.
      startedAt: unixMs(isDoor ? this.now + clockMs : 0),
      replay: new ReplayCache(2 * this.bounds.freshnessMs),
      freshnessMs: this.bounds.freshnessMs,
    }
    const lists = { heard: [], refused: [], disk: [], observed: [], logged: [], unwritten: [] }
    const more = {
      local: options.local ?? true,
      place: options.place ?? `place ${this.parties.length}`,
      clockMs,
      slowDisk: false,
      fields: [],
      broken: undefined,
      links: new Map(),
    }
    const it: Party = { name, signer, isDoor, mind, rules, ...lists, ...more }
    this.parties.push(it)
    return it
  }

  /** `from` dials `to` and proves its key. @returns the ids of both ends, the dialled one first */
  connect(from: Party, to: Party, onLink: (link: number) => void = () => {}): [number, number] {
    const [near, far] = [++this.links, ++this.links]
    from.links.set(near, { to, far })
    to.links.set(far, { to: from, far: near })
    onLink(near)
    const auth = eventId(toHex(this.random.bytes(32)))
    const key = from.signer.pubkey
    const aheadMs = from.clockMs - to.clockMs
    const { local, place } = from
    const proven = { type: 'authenticated', key, auth, local, place, aheadMs } as const
    this.later(() => this.feed(from, { ...proven, link: near }))
    this.later(() => this.feed(to, { ...proven, link: far }))
    this.drain()
    return [near, far]
  }

  /** Breaks a connection by either of its ends. */
  cut(party: Party, link: number): void {
    const end = party.links.get(link)
    if (!end) return
    party.links.delete(link)
    end.to.links.delete(end.far)
    for (const [one, id] of [
      [party, link],
      [end.to, end.far],
    ] as const)
      this.later(() => this.feed(one, { type: 'closed', link: id, reason: 'cut' }))
    this.drain()
  }

  /**
   * Moves the clock and wakes whoever is due, in order of time.
   * @throws what a mind threw that is due: it takes nothing more, so it would be due for ever
   */
  advance(ms: number): void {
    const until = unixMs(this.now + ms)
    for (;;) {
      const due = this.parties
        .map((party) => {
          const at = party.mind?.due()
          return { party, at: at === undefined ? undefined : unixMs(at - party.clockMs) }
        })
        .filter((it): it is { party: Party; at: UnixMs } => it.at !== undefined && it.at <= until)
        .sort((a, b) => a.at - b.at)[0]
      if (!due) break
      if (due.party.broken) throw due.party.broken
      this.now = unixMs(Math.max(this.now, due.at))
      this.later(() => this.feed(due.party, { type: 'tick' }))
      this.drain()
    }
    this.now = until
  }

  /** Tells a mind something from outside, and lets all follow that follows. */
  tell(party: Party, event: AnyEvent): void {
    this.later(() => this.feed(party, event))
    this.drain()
  }

  /** A party says something of its own making, on its only link or the one named. */
  say(from: Party, said: Signed | Uint8Array, link = [...from.links.keys()][0]!): void {
    transmit(this, from, link, said)
    this.drain()
  }

  /** Lets a parcel arrive as it is. */
  deliver(parcel: Parcel): void {
    this.later(() => arrive(this, parcel))
    this.drain()
  }

  /** What waited for a slow disk is written now. */
  write(party: Party): void {
    for (const kept of party.unwritten.splice(0)) {
      party.disk.push(kept)
      this.later(() => this.feed(party, { type: 'kept', id: kept.id }))
    }
    this.drain()
  }

  later(call: () => void): void {
    this.queue.push(call)
  }

  drain(): void {
    if (this.draining) return
    this.draining = true
    try {
      for (let next = this.queue.shift(); next; next = this.queue.shift()) next()
    } finally {
      this.draining = false
    }
  }

  feed(party: Party, event: AnyEvent): void {
    if (!party.mind || party.broken) return
    try {
      const now = unixMs(this.now + party.clockMs)
      for (const effect of party.mind.decide(event, now)) this.perform(party, effect)
    } catch (error) {
      party.broken = error
    }
  }

  private perform(party: Party, effect: AnyEffect): void {
    switch (effect.do) {
      case 'send':
        return transmit(this, party, effect.link, JSON.parse(textOf(effect.outgoing)))
      case 'frame':
        return transmit(this, party, effect.link, effect.bytes)
      case 'stray':
        return void this.strays.set(party, (this.strays.get(party) ?? 0) + effect.bytes)
      case 'taken':
        return void this.taken.push(party.links.get(effect.link)?.to)
      case 'answer':
        return answer(this, party, effect.link, effect)
      case 'close':
        return this.later(() => this.cut(party, effect.link))
      case 'keep': {
        const { kept } = effect
        // As every store does: of two receipts for one job and ticket it takes the first.
        const twice = (it: typeof kept) =>
          it.kind === 'receipt' && it.by === kept.by && it.job === kept.job && it.id !== kept.id
        if (
          kept.kind === 'receipt' &&
          party.disk.some((it) => twice(it) && it.ticket === kept.ticket)
        )
          return this.later(() => this.feed(party, { type: 'unkept', id: kept.id }))
        party.unwritten.push(kept)
        if (!party.slowDisk) this.later(() => this.write(party))
        return
      }
      case 'observe':
        return void party.observed.push(effect.observation)
      case 'log':
        party.fields.push(effect.fields)
        return void party.logged.push(effect.event)
      case 'query': {
        const door = party.links.get(effect.link)?.to
        const texts = door ? this.stored(door, effect.filter) : []
        return this.later(() => this.feed(party, { type: 'sheets', job: effect.job, texts }))
      }
      case 'tell':
        return void this.news.set(effect.job, [...(this.news.get(effect.job) ?? []), effect.news])
      default:
        return this.onWork(party, effect)
    }
  }

  /** What a door answers to a query; tests replace it to lie. */
  stored: (door: Party, filter: Parameters<typeof matchesFilter>[0]) => string[] = () => []
}
