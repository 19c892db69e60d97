import { BOUNDS, type Bounds } from '../../../src/engine/base/bounds.ts'
import { toHex } from '../../../src/engine/base/bytes.ts'
import { type UnixMs, unixMs } from '../../../src/engine/base/clock.ts'
import { type Random, seededRandom } from '../../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../../src/engine/identity/signer.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { type EventId, type JobId, type PubKey, eventId } from '../../../src/engine/protocol/ids.ts'
import { decodeFrame } from '../../../src/engine/protocol/frames.ts'
import { type IntakeRules, admit } from '../../../src/engine/protocol/intake.ts'
import { isRefusal } from '../../../src/engine/protocol/refusal.ts'
import { ReplayCache } from '../../../src/engine/protocol/replay.ts'
import type { News } from '../../../src/engine/roles/client/news.ts'
import { matchesFilter } from '../../../src/engine/transport/filter.ts'
import { addressedTo } from '../../../src/engine/transport/network.ts'
import { type Parcel, type Tamper, frameParcel, withEvent } from './parcel.ts'
import type { AnyEffect, AnyEvent, Mind, Party } from './party.ts'

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
  readonly parties: Party[] = []
  readonly tampers: Tamper[] = []
  readonly news = new Map<JobId, News[]>()
  /** How a job's work is done, where a node has any (cast.ts). */
  onWork: (node: Party, effect: AnyEffect) => void = () => {}
  private readonly queue: (() => void)[] = []
  private draining = false
  private links = 0

  constructor(options: { seed?: number; bounds?: Partial<Bounds> } = {}) {
    this.random = seededRandom(options.seed ?? 1)
    this.bounds = { ...BOUNDS, ...options.bounds }
  }

  newSigner(): Signer {
    return newSigner(secp, this.random)
  }

  /** A party with nothing to it; `isMe` says for which keys it takes mail. */
  party(
    name: string,
    mind: Mind | null,
    options: { signer: Signer; isDoor?: boolean; isMe?: (key: PubKey) => boolean },
  ): Party {
    const { signer, isDoor = false } = options
    const rules: IntakeRules = {
      verifier: secp,
      net: 'sim',
      isMe: options.isMe ?? ((key) => key === signer.pubkey),
      startedAt: this.now,
      replay: new ReplayCache(2 * this.bounds.freshnessMs),
      freshnessMs: this.bounds.freshnessMs,
    }
    const lists = { heard: [], refused: [], disk: [], observed: [], logged: [], unwritten: [] }
    const more = { slowDisk: false, broken: undefined, links: new Map() }
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
    this.later(() => this.feed(from, { type: 'authenticated', link: near, key, auth }))
    this.later(() => this.feed(to, { type: 'authenticated', link: far, key, auth }))
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

  /** Moves the clock and wakes whoever is due, in order of time. */
  advance(ms: number): void {
    const until = unixMs(this.now + ms)
    for (;;) {
      const due = this.parties
        .map((party) => ({ party, at: party.mind?.due() }))
        .filter((it): it is { party: Party; at: UnixMs } => it.at !== undefined && it.at <= until)
        .sort((a, b) => a.at - b.at)[0]
      if (!due) break
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
    this.transmit(from, link, said)
    this.drain()
  }

  /** Lets a parcel arrive as it is. */
  deliver(parcel: Parcel): void {
    this.later(() => this.arrive(parcel))
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
      for (const effect of party.mind.decide(event, this.now)) this.perform(party, effect)
    } catch (error) {
      party.broken = error
    }
  }

  private perform(party: Party, effect: AnyEffect): void {
    switch (effect.do) {
      case 'send':
        return this.transmit(party, effect.link, effect.outgoing.event)
      case 'frame':
        return this.transmit(party, effect.link, effect.bytes)
      case 'answer':
        return this.answer(party, effect.link, effect)
      case 'close':
        return this.later(() => this.cut(party, effect.link))
      case 'keep': {
        const { kept } = effect
        // As every store does: two receipts for one job and ticket stop it.
        const twice = (it: typeof kept) =>
          it.kind === 'receipt' && it.by === kept.by && it.job === kept.job && it.id !== kept.id
        if (kept.kind === 'receipt' && party.disk.some((it) => twice(it) && it.ticket === kept.ticket))
          throw new Error('receipt.duplicate')
        party.unwritten.push(kept)
        if (!party.slowDisk) this.later(() => this.write(party))
        return
      }
      case 'observe':
        return void party.observed.push(effect.observation)
      case 'log':
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

  private transmit(from: Party, link: number, said: Signed | Uint8Array): void {
    const end = from.links.get(link)
    if (!end) return
    const { to, far } = end
    const base = { from, to, link: far }
    // A door passes on what is addressed to the key of the link, and nothing else.
    if (said instanceof Uint8Array) {
      const parcel = frameParcel(from, to, far, said)
      if (parcel) this.later(() => this.meet(parcel))
    } else if (!from.isDoor || matchesFilter(addressedTo(to.signer.pubkey), said)) {
      const parcel = withEvent({ ...base, kind: 'event', event: said, text: '' }, said)
      this.later(() => this.meet(parcel))
    }
  }

  private answer(
    from: Party,
    link: number,
    { id, accepted, message }: { id: EventId; accepted: boolean; message: string },
  ): void {
    const end = from.links.get(link)
    if (!end) return
    const parcel = { from, to: end.to, link: end.far, kind: 'answer', id, accepted, message } as const
    this.later(() => this.meet(parcel))
  }

  /** Between sending and arriving: where tests tamper. */
  private meet(parcel: Parcel): void {
    for (const tamper of this.tampers) {
      const instead = tamper(parcel)
      if (instead) return instead.forEach((it) => this.arrive(it))
    }
    this.arrive(parcel)
  }

  private arrive(parcel: Parcel): void {
    const { to, link } = parcel
    if (!to.links.has(link)) return
    to.heard.push(parcel)
    if (parcel.kind === 'frame') {
      const frame = decodeFrame(parcel.bytes)
      if (frame) this.feed(to, { type: 'frame', link, frame })
      return
    }
    if (parcel.kind === 'answer') {
      const { id, accepted, message } = parcel
      if (!accepted) this.feed(to, { type: 'declined', id: id as EventId, reason: message })
      return
    }
    const message = admit(parcel.text, to.rules, this.now)
    if (!isRefusal(message)) return this.feed(to, { type: 'message', link, message })
    to.refused.push(message.refused)
    if (to.isDoor && message.refused !== 'event.replayed')
      this.answer(to, link, { id: parcel.event.id, accepted: false, message: message.refused })
  }
}

