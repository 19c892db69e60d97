import type { Bounds } from '../base/bounds.ts'
import type { Clock } from '../base/clock.ts'
import type { Signer } from '../identity/seams.ts'
import { FRAME_HEADER_BYTES } from '../protocol/frames.ts'
import { isLonger } from '../protocol/json.ts'
import type { EventId } from '../protocol/ids.ts'
import { Answers, deliveryOf, unknown } from './answers.ts'
import { authDraft, refusalOf } from './auth.ts'
import {
  type Delivery,
  type Filter,
  type Link,
  type LinkOwner,
  type Outgoing,
  textOf,
} from './link.ts'
import { CROWDED, TOO_MANY_KEYS } from './crowd.ts'
import { addressedTo, newLinkId } from './network.ts'
import { TEXT_SLACK } from './nip11.ts'
import { Queries } from './queries.ts'
import type { trouble } from './trouble.ts'
import { elementsOf, eventIn, stringOf, valueOf } from './wire.ts'

type Trouble = Parameters<typeof trouble>[0]
type DialSeams = Readonly<{
  signer: Signer
  clock: Clock
  bounds: Bounds
  ended: (what: Trouble, reason: string, upMs: number) => void
}>

/** The one subscription of a dialled link, and the beginning of what comes on it. */
const OURS = 'me'
const OURS_PREFIX = `["EVENT","${OURS}",`

/** One connection to a door, from the handshake to its end: the dialling side. */
export class DialLink implements Link {
  readonly id = newLinkId()
  private readonly answers: Answers
  private readonly queries: Queries
  private phase: 'opening' | 'proving' | 'ready' | 'over' = 'opening'
  private auth: EventId | undefined
  private readySince = 0
  private heardAt = 0
  private notice = ''
  private stopTimer = () => {}
  private stopTerminating = () => {}

  constructor(
    private readonly socket: WebSocket,
    readonly address: string,
    private readonly owner: LinkOwner,
    private readonly seams: DialSeams,
  ) {
    const { clock, bounds } = seams
    this.answers = new Answers(clock)
    this.queries = new Queries(clock, (message) => this.write(message))
    this.stopTimer = clock.after(bounds.handshakeMs, () =>
      this.end('unreachable', `no handshake within ${bounds.handshakeMs} ms`),
    )
    socket.addEventListener('open', () => this.opened())
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) =>
      this.heard(data),
    )
    socket.addEventListener('pong', () => (this.heardAt = clock.ticks()))
    // The close says only 1006; what went wrong before it stands in the text of the error (bun 1.4.5).
    let failure = ''
    socket.addEventListener('error', (event) => {
      failure = ('message' in event && /failed: (.+)$/.exec(String(event.message))?.[1]) || ''
    })
    socket.addEventListener('close', ({ code, reason }) => {
      this.stopTerminating()
      const why = reason || this.notice || failure || `code ${code}`
      const [, distrust] = /^TLS handshake failed: (.+)/.exec(why) ?? []
      if (this.phase === 'opening' && distrust !== undefined) this.end('untrusted', distrust)
      else if (isCrowded(why)) this.end('crowded', '')
      else this.end(this.phase === 'opening' ? 'unreachable' : 'closed', why)
    })
  }

  send(outgoing: Outgoing): Promise<Delivery> {
    if (this.phase !== 'ready') return Promise.resolve(unknown('the link is closed'))
    if (this.unsent() > this.seams.bounds.unsentPerLinkBytes)
      return Promise.resolve(unknown('too much is unsent'))
    this.write(`["EVENT",${textOf(outgoing)}]`)
    return this.answers.expect(outgoing.event.id)
  }

  frame(bytes: Uint8Array): boolean {
    const most = this.seams.bounds.unsentPerLinkBytes
    if (this.phase !== 'ready' || this.unsent() + bytes.length > most) return false
    return this.write(bytes)
  }

  answer(): void {}
  taken(): void {}

  offend(): void {}

  stray(): void {}

  query(filter: Filter): Promise<string[]> {
    return this.phase === 'ready' ? this.queries.ask(filter) : Promise.resolve([])
  }

  unsent(): number {
    return this.socket.bufferedAmount
  }

  close(reason: string): void {
    this.end('closed', reason)
  }

  private opened(): void {
    if (this.phase !== 'opening') return
    const { clock, bounds } = this.seams
    this.phase = 'proving'
    this.stopTimer()
    this.stopTimer = clock.after(bounds.authMs, () =>
      this.end('silent', this.auth ? 'no answer to AUTH' : 'no AUTH challenge came (NIP-42)'),
    )
  }

  private heard(data: string | ArrayBuffer): void {
    if (this.phase === 'over') return
    const { bounds, clock } = this.seams
    this.heardAt = clock.ticks()
    if (typeof data !== 'string') {
      if (data.byteLength > bounds.frameBytes + FRAME_HEADER_BYTES)
        return this.end('closed', 'it sent a frame that is too large')
      return this.phase === 'ready' ? this.owner.frame(this, new Uint8Array(data)) : undefined
    }
    const most = bounds.eventBytes + TEXT_SLACK
    if (isLonger(data, most)) return this.end('closed', 'it sent a message that is too large')
    const event = eventIn(data, OURS_PREFIX)
    if (event === undefined) return this.message(elementsOf(data, 8) ?? [])
    // Our subscription stands, even where its EOSE is late.
    this.ready()
    this.owner.event(this, event)
  }

  private message([label, first, second, third]: string[]): void {
    const subscription = stringOf(first)
    switch (stringOf(label)) {
      case 'AUTH':
        return this.prove(subscription ?? '')
      case 'OK': {
        const accepted = valueOf(second) === true
        return this.answered(subscription as EventId, accepted, stringOf(third) ?? '')
      }
      case 'EVENT':
        return this.queries.found(subscription, second)
      case 'EOSE':
        return subscription === OURS ? this.ready() : this.queries.end(subscription)
      case 'CLOSED':
        if (subscription === OURS) return this.end('refused', stringOf(second) ?? '')
        return this.queries.end(subscription)
      case 'NOTICE':
        this.notice = (subscription ?? '').slice(0, 200)
    }
  }

  private prove(challenge: string): void {
    if (this.phase !== 'proving' || challenge === '') return
    const { signer, clock } = this.seams
    const event = signer.sign(authDraft(this.address, challenge, clock.now()))
    this.auth = event.id
    this.write(`["AUTH",${textOf({ event })}]`)
  }

  private answered(id: EventId, accepted: boolean, message: string): void {
    if (id !== this.auth) return this.answers.settle(id, deliveryOf(accepted, message))
    if (this.phase !== 'proving') return
    if (message === TOO_MANY_KEYS) return this.end('crowded', '')
    if (!accepted) return this.end('refused', refusalOf(message, this.seams.clock.now()))
    this.write(JSON.stringify(['REQ', OURS, addressedTo(this.seams.signer.pubkey)]))
  }

  private ready(): void {
    if (this.phase !== 'proving' || this.auth === undefined) return
    this.phase = 'ready'
    this.stopTimer()
    this.readySince = this.seams.clock.ticks()
    this.keepAlive()
    this.owner.authenticated(this, this.seams.signer.pubkey, this.auth)
  }

  // The native client never notices a server that is frozen or cut off (bun 1.4.5).
  private keepAlive(): void {
    const { clock, bounds } = this.seams
    this.stopTimer = clock.after(bounds.pingMs, () => {
      const asked = clock.ticks()
      this.socket.ping()
      this.stopTimer = clock.after(bounds.linkLostMs, () => {
        if (this.heardAt < asked) this.end('closed', 'no answer to a ping')
        else this.keepAlive()
      })
    })
  }

  private write(message: string | Uint8Array<ArrayBufferLike>): boolean {
    if (this.socket.readyState !== WebSocket.OPEN) return false
    this.socket.send(message as string | Uint8Array<ArrayBuffer>)
    return true
  }

  private end(what: Trouble, reason: string): void {
    if (this.phase === 'over') return
    const { clock, bounds, ended } = this.seams
    const wasReady = this.phase === 'ready'
    const upMs = wasReady ? clock.ticks() - this.readySince : 0
    this.phase = 'over'
    this.stopTimer()
    this.answers.end(`the link closed: ${reason}`)
    this.queries.endAll()
    if (this.socket.readyState !== WebSocket.CLOSED) {
      this.stopTerminating = clock.after(bounds.handshakeMs, () => this.socket.terminate())
      this.socket.close(1000, reason.slice(0, 100))
    }
    queueMicrotask(() => {
      if (wasReady) this.owner.closed(this, reason)
      ended(what, reason, upMs)
    })
  }
}

/** Too many of our address are there already: another one took our place, or the handshake was refused (HTTP 429). */
const isCrowded = (why: string): boolean =>
  why === CROWDED || why === 'Expected 101 status code: 429'
