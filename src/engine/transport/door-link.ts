import type { Bounds } from '../base/bounds.ts'
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { isLonger } from '../protocol/json.ts'
import { unknown } from './answers.ts'
import { checkAuth } from './auth.ts'
import type { Counter } from './counter.ts'
import { TOO_MANY_KEYS } from './crowd.ts'
import type { DoorSocket } from './door.ts'
import { type Delivery, type Link, type LinkOwner, type Outgoing, textOf } from './link.ts'
import { type DoorOptions, newLinkId } from './network.ts'
import { TEXT_SLACK } from './nip11.ts'
import { Allowance, type Bucket } from './allowance.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Speaker, Turn } from './turn.ts'
import { elementsOf, eventIn, stringOf, valueOf } from './wire.ts'

/** What all links of one door share. */
export type DoorHouse = {
  readonly door: DoorOptions
  readonly owner: LinkOwner
  readonly clock: Clock
  readonly random: Random
  readonly bounds: Bounds
  /** Authenticated keys by address, each once. */
  readonly keys: Counter
  readonly goodbyes: Bucket
  readonly turn: Turn
  isOurs: (relay: string) => boolean
}

/** Keys that one connection may prove. */
const KEYS_PER_LINK = 8
/** How much waits for the end of a turn: about what one call of the system takes. */
const MOST_WAITING = 65_536

/** One connection at a door: a relay's side of NIP-01 and NIP-42 for one peer. */
export class DoorLink implements Link, Speaker {
  readonly id = newLinkId()
  aheadMs = 0
  private readonly challenge: string
  private readonly keys = new Set<PubKey>()
  private readonly subscriptions: Subscriptions
  private readonly allowance: Allowance
  private readonly stopAuthTimer: () => void
  private over = false
  /** What is said at the end of this turn, and how long it is in all. */
  private waiting: (string | Uint8Array)[] = []
  private waitingLength = 0

  constructor(
    private readonly socket: DoorSocket,
    readonly address: string,
    private readonly house: DoorHouse,
  ) {
    const { clock, bounds, random, door } = house
    this.challenge = toHex(random.bytes(16))
    this.allowance = new Allowance(clock, bounds)
    this.subscriptions = new Subscriptions(bounds, clock, door.stored, (text) => this.write(text))
    // Whoever proves nothing and asks for nothing is not a peer. Public readers stay, under the idle limit.
    this.stopAuthTimer = clock.after(bounds.authMs, () => {
      if (this.keys.size === 0 && this.subscriptions.size === 0) this.hangUp(1008, 'no AUTH came')
    })
    this.write(JSON.stringify(['AUTH', this.challenge]))
  }

  // What the owner asks for.

  send(outgoing: Outgoing): Promise<Delivery> {
    if (this.over) return Promise.resolve(unknown('the link is closed'))
    return this.subscriptions.deliver(outgoing.event, textOf(outgoing))
  }

  frame(bytes: Uint8Array): boolean {
    if (this.over || this.unsent() + bytes.length > this.house.bounds.unsentPerLinkBytes)
      return false
    return this.write(bytes)
  }

  answer(id: EventId, accepted: boolean, message: string): void {
    // Ids are hex; most answers say yes and nothing else.
    this.write(`["OK","${id}",${accepted},${message === '' ? '""' : JSON.stringify(message)}]`)
  }

  query(): Promise<string[]> {
    return Promise.resolve([])
  }

  taken = (): void => this.allowance.taken()

  offend(): void {
    if (!this.allowance.offend()) this.hangUp(1008, 'too many bad messages')
  }

  stray(bytes: number): void {
    if (!this.allowance.stray(bytes)) this.offend()
  }

  unsent(): number {
    return this.over ? 0 : this.socket.getBufferedAmount() + this.waitingLength
  }

  close(reason: string): void {
    this.hangUp(1000, reason)
  }

  // What the socket tells.

  isKnown = (): boolean => this.keys.size > 0

  text(text: string): void {
    if (this.over) return
    const most = this.house.bounds.eventBytes + TEXT_SLACK
    if (isLonger(text, most)) return this.hangUp(1009, 'message too large')
    const event = this.isKnown() ? eventIn(text, '["EVENT",') : undefined
    if (event !== undefined) return this.event(event)
    if (!this.allowance.message()) return this.offence('rate-limited: too many messages')
    const elements = elementsOf(text, this.house.bounds.filtersPerSubscription + 3)
    if (!elements) return this.offence('invalid: not a NIP-01 message')
    this.message(elements)
  }

  binary(bytes: Uint8Array): void {
    if (this.over) return
    if (this.keys.size === 0) return this.hangUp(1008, 'frames before AUTH')
    this.house.owner.frame(this, bytes)
  }

  /** Nothing more is said here; the socket is gone, or will soon be. */
  ended(reason: string): void {
    if (this.over) return
    this.over = true
    this.stopAuthTimer()
    this.subscriptions.end(reason)
    const known = this.keys.size > 0
    for (const key of this.keys) this.house.keys.remove(this.address, key)
    if (known) queueMicrotask(() => this.house.owner.closed(this, reason))
  }

  private message(elements: string[]): void {
    const [label, first, ...rest] = elements
    switch (stringOf(label)) {
      case 'EVENT':
        return elements.length === 2 && first !== undefined
          ? this.event(first)
          : this.offence('invalid: EVENT takes one event')
      case 'REQ': {
        const trouble = this.subscriptions.open(stringOf(first), rest.map(valueOf), this.keys)
        return trouble === null ? undefined : this.offence(trouble)
      }
      case 'CLOSE':
        return this.subscriptions.close(stringOf(first) ?? '')
      case 'AUTH':
        return this.auth(valueOf(first))
      default:
        return this.offence('unsupported: EVENT, REQ, CLOSE and AUTH are spoken here')
    }
  }

  private event(text: string): void {
    const isKnown = this.isKnown()
    if (isKnown && this.allowance.event()) return this.house.owner.event(this, text)
    const id = idIn(valueOf(text))
    if (id === undefined) return this.offence('invalid: not an event')
    if (!isKnown) return this.answer(id, false, 'auth-required: prove your key first (NIP-42)')
    this.answer(id, false, 'rate-limited: too many events')
    this.offend()
  }

  private auth(value: unknown): void {
    const { clock, door, isOurs, keys, owner } = this.house
    const expected = {
      challenge: this.challenge,
      now: clock.now(),
      verifier: door.verifier,
      isOurs,
    }
    const proof = checkAuth(value, expected)
    const id = idIn(value)
    if (typeof proof === 'string') {
      if (id === undefined) return this.offence(proof)
      this.answer(id, false, proof)
      return this.offend()
    }
    // Who proves a key again wants to be heard by it again, and gets its limits again.
    const isNew = !this.keys.has(proof.key)
    if (isNew && (this.keys.size >= KEYS_PER_LINK || !keys.add(this.address, proof.key)))
      return this.answer(proof.id, false, TOO_MANY_KEYS)
    this.keys.add(proof.key)
    this.aheadMs = proof.aheadMs
    this.answer(proof.id, true, '')
    owner.authenticated(this, proof.key, proof.id)
  }

  private offence(notice: string): void {
    this.write(JSON.stringify(['NOTICE', notice]))
    this.offend()
  }

  /** What waited for the end of the turn. */
  flush(): void {
    if (this.waiting.length === 0) return
    const messages = this.waiting
    this.waiting = []
    this.waitingLength = 0
    if (messages.length === 1) this.put(messages[0]!)
    else this.socket.cork(() => messages.every((it) => this.put(it)))
  }

  private write(message: string | Uint8Array): boolean {
    if (this.over) return false
    if (this.house.turn.isFirst(this)) return this.put(message)
    this.waiting.push(message)
    this.waitingLength += message.length
    if (this.waitingLength > MOST_WAITING) this.flush()
    return !this.over
  }

  private put(message: string | Uint8Array): boolean {
    if (this.over) return false
    // 0 means dropped (over the limit, or closed): a stream with a hole is worse than none.
    if (this.socket.send(message) !== 0) return true
    this.socket.terminate()
    this.ended('it took nothing more')
    return false
  }

  private hangUp(code: number, reason: string): void {
    if (this.over) return
    this.flush()
    if (this.over) return
    // Set first: the socket says during it that it is gone.
    this.ended(reason)
    if (this.house.goodbyes.take()) this.socket.close(code, reason.slice(0, 100))
    else this.socket.terminate()
  }
}

const idIn = (value: unknown): EventId | undefined => {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined
  return typeof id === 'string' && /^[0-9a-f]{64}$/.test(id) ? (id as EventId) : undefined
}
