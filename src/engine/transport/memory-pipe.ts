import { utf8Length } from '../base/bytes.ts'
import type { Bounds } from '../base/bounds.ts'
import { type Clock, type UnixMs, unixMs } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { Answers, deliveryOf, unknown } from './answers.ts'
import { matchesFilter } from './filter.ts'
import { type Link, type LinkOwner, textOf } from './link.ts'
import { addressedTo, type DoorOptions } from './network.ts'

/** How likely it is that one message meets a fault, 0 to 1. */
export type Faults = Readonly<{ loss?: number; duplicate?: number; reorder?: number }>
export type LinkFaults = Readonly<{ event?: Faults; frame?: Faults }>

export type PipeParties = Readonly<{
  dialled: LinkOwner
  door: LinkOwner
  key: PubKey
  stored: DoorOptions['stored']
  ended: (reason: string) => void
}>
export type MemoryWorld = Readonly<{
  clock: Clock
  random: Random
  /** One way, ms, and up to so much more for each message. */
  delay: { latencyMs: number; jitterMs: number }
  bounds: Bounds
}>
/** Which end of a pipe. */
export type Side = 'dialled' | 'door'

type Kind = 'event' | 'frame' | 'control'
type End = {
  link: Link
  owner: LinkOwner
  closed: boolean
  /** Bytes on their way to the other end, and when the last of them arrives. */
  unsent: number
  lastAt: UnixMs
}
type Parcel = { from: End; kind: Kind; bytes: number; deliver: () => void }

/** One connection of the memory network, with both its ends. */
export class MemoryPipe {
  private readonly dialled: End
  private readonly door: End
  private readonly answers: Answers
  /** What waits for a partition to heal; null where there is none. */
  private held: Parcel[] | null = null
  /** Whose parcels wait; both ends' where it is undefined. */
  private heldSide: Side | undefined
  private stopLost = () => {}
  private broken = false

  constructor(
    private readonly world: MemoryWorld,
    private readonly faults: () => LinkFaults | undefined,
    readonly address: string,
    ids: readonly [number, number],
    private readonly parties: PipeParties,
  ) {
    this.answers = new Answers(world.clock)
    this.dialled = this.end(ids[0], parties.dialled, false)
    this.door = this.end(ids[1], parties.door, true)
  }

  /** AUTH was accepted and the subscription stands: tells both ends. */
  open(auth: EventId): void {
    const { door, dialled } = this
    const { key } = this.parties
    // On the wire before anything that the door's owner says when it hears of the key.
    this.put(door, 'control', 0, () => dialled.owner.authenticated(dialled.link, key, auth))
    door.owner.authenticated(door.link, key, auth)
  }

  hasEnd(ids: readonly number[]): boolean {
    return ids.includes(this.dialled.link.id) || ids.includes(this.door.link.id)
  }

  /** Whether it goes to this address, or was dialled by this key. */
  belongsTo(which: string): boolean {
    return this.address === which || this.parties.key === which
  }

  openEnds(): number[] {
    return [this.dialled, this.door].filter((end) => !end.closed).map((end) => end.link.id)
  }

  hold(side?: Side): void {
    if (this.held || this.broken) return
    this.held = []
    this.heldSide = side
    const { clock, bounds } = this.world
    this.stopLost = clock.after(bounds.linkLostMs, () => this.cut('no answer to a ping'))
  }

  letGo(): void {
    const held = this.held ?? []
    this.held = null
    this.stopLost()
    for (const parcel of held) this.schedule(parcel)
  }

  cut(reason: string): void {
    this.broken = true
    this.stopLost()
    this.finish(this.dialled, reason)
    this.finish(this.door, reason)
  }

  /** The dialling side ends it. */
  hangUp(): void {
    this.dialled.link.close('closed by us')
  }

  private end(id: number, owner: LinkOwner, isDoor: boolean): End {
    const end: End = {
      owner,
      closed: false,
      unsent: 0,
      lastAt: unixMs(0),
      link: {
        id,
        address: isDoor ? `${this.address}#${id}` : this.address,
        send: async (outgoing) => {
          const [{ event }, text] = [outgoing, textOf(outgoing)]
          if (end.closed) return unknown('the link is closed')
          const bytes = utf8Length(text)
          if (isDoor && !matchesFilter(addressedTo(this.parties.key), event))
            return unknown('mute: no subscription for it')
          const answer = isDoor ? undefined : this.answers.expect(event.id)
          const other = this.otherOf(end)
          this.put(end, 'event', bytes, () => other.owner.event(other.link, text))
          return answer ?? { state: 'delivered' }
        },
        frame: (bytes) => {
          const most = this.world.bounds.unsentPerLinkBytes
          if (end.closed || end.unsent + bytes.length > most) return false
          const own = bytes.slice()
          const other = this.otherOf(end)
          this.put(end, 'frame', own.length, () => other.owner.frame(other.link, own.slice()))
          return true
        },
        answer: (event, accepted, message) => {
          if (!isDoor || end.closed) return
          const delivery = deliveryOf(accepted, message)
          this.put(end, 'event', message.length, () => this.answers.settle(event, delivery))
        },
        // Nobody floods a network of one process: what hostile peers do is tried at real doors.
        taken: () => {},
        offend: () => {},
        stray: () => {},
        query: (filter) => this.query(end, isDoor, filter),
        unsent: () => end.unsent,
        close: (reason) => {
          if (end.closed) return
          this.put(end, 'control', 0, () => this.finish(this.otherOf(end), reason))
          this.finish(end, reason)
        },
      },
    }
    return end
  }

  private otherOf(end: End): End {
    return end === this.door ? this.dialled : this.door
  }

  private query(
    end: End,
    isDoor: boolean,
    filter: Parameters<Link['query']>[0],
  ): Promise<string[]> {
    const { promise, resolve } = Promise.withResolvers<string[]>()
    if (isDoor || end.closed) return Promise.resolve([])
    const stop = this.world.clock.after(5_000, () => resolve([]))
    this.put(this.dialled, 'control', 0, () => {
      const found = this.parties.stored(filter)
      this.put(this.door, 'control', 0, () => {
        stop()
        resolve(found)
      })
    })
    return promise
  }

  private put(from: End, kind: Kind, bytes: number, deliver: () => void): void {
    const faults = kind === 'control' ? undefined : this.faults()?.[kind]
    if (this.broken || this.draws(faults?.loss)) return
    const parcel = { from, kind, bytes, deliver }
    const copies = this.draws(faults?.duplicate) ? 2 : 1
    for (let i = 0; i < copies; i++) {
      from.unsent += bytes
      if (this.held && this.isHeld(from)) this.held.push(parcel)
      else this.schedule(parcel, faults)
    }
  }

  private isHeld(from: End): boolean {
    return this.heldSide === undefined || from === this[this.heldSide]
  }

  private schedule(parcel: Parcel, faults?: Faults): void {
    const { clock, random } = this.world
    const { latencyMs, jitterMs } = this.world.delay
    const { from } = parcel
    const now = clock.now()
    const delay = latencyMs + (jitterMs > 0 ? random.below(jitterMs + 1) : 0)
    const late = this.draws(faults?.reorder)
    const at = late ? now + delay + 1 + random.below(20) : Math.max(now + delay, from.lastAt)
    if (!late) from.lastAt = unixMs(at)
    clock.after(at - now, () => {
      from.unsent -= parcel.bytes
      if (!this.broken && !this.otherOf(from).closed) parcel.deliver()
    })
  }

  private draws(probability = 0): boolean {
    return probability > 0 && this.world.random.below(1_000_000) < probability * 1_000_000
  }

  // Told later, never from within the call that caused it: as with a socket.
  private finish(end: End, reason: string): void {
    if (end.closed) return
    end.closed = true
    if (end === this.dialled) this.answers.end(`the link closed: ${reason}`)
    this.world.clock.after(0, () => {
      end.owner.closed(end.link, reason)
      if (end === this.dialled) this.parties.ended(reason)
    })
  }
}
