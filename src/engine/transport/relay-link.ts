import type { Bounds } from '../base/bounds.ts'
import type { Clock } from '../base/clock.ts'
import type { Signer } from '../identity/seams.ts'
import { type Signed, eventText } from '../protocol/event.ts'
import type { EventId } from '../protocol/ids.ts'
import { isLonger } from '../protocol/json.ts'
import { Allowance } from './allowance.ts'
import { Answers, deliveryOf, unknown } from './answers.ts'
import { authDraft } from './auth.ts'
import type { Delivery, Filter } from './link.ts'
import { TEXT_SLACK } from './nip11.ts'
import { elementsOf, eventIn, stringOf, valueOf } from './wire.ts'

type Trouble = 'unreachable' | 'untrusted' | 'refused' | 'closed' | 'silent'

export type RelayLinkSeams = Readonly<{
  signer: Signer
  clock: Clock
  bounds: Bounds
  /** Asked for each REQ. */
  filters(): readonly Filter[]
  /** Asked for likewise, in a subscription that the relay may refuse. */
  also?(): readonly Filter[]
  /** The exact JSON of an event, unchecked. */
  event(text: string): void
  ready(): void
  ended(what: Trouble, reason: string, upMs: number): void
}>

/** The subscription that counts, and the beginning of what comes on it. */
const OURS = 'me'
/** The one that may be refused. */
const ALSO = 'also'
const OURS_PREFIX = `["EVENT","${OURS}",`
/** Challenges of one connection that are answered: each costs a signature. */
const MOST_PROOFS = 8
const CHALLENGE_CHARS = 512
/** Of what a relay says, as much as a person reads. */
const REASON_CHARS = 160

/** One connection to a relay, from the handshake to its end. */
export class RelayLink {
  private readonly answers: Answers
  private readonly allowance: Allowance
  private phase: 'opening' | 'subscribing' | 'ready' | 'over' = 'opening'
  /** What became of the AUTH event that was sent last; undefined before the first challenge. */
  private proof: Promise<Delivery> | undefined
  private proofs = 0
  private proven = false
  /** The relay wants a proof before it answers. */
  private waiting = false
  private readySince = 0
  private heardAt = 0
  private stopTimer = () => {}
  private stopTerminating = () => {}

  constructor(
    private readonly socket: WebSocket,
    private readonly address: string,
    private readonly seams: RelayLinkSeams,
  ) {
    const { clock, bounds } = seams
    this.answers = new Answers(clock)
    this.allowance = new Allowance(clock, bounds)
    this.stopTimer = clock.after(bounds.handshakeMs, () =>
      this.end('unreachable', `no handshake within ${bounds.handshakeMs} ms`),
    )
    socket.addEventListener('open', () => this.opened())
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => this.heard(data))
    socket.addEventListener('pong', () => (this.heardAt = clock.ticks()))
    // The close says only 1006; what went wrong before it stands in the text of the error (bun 1.4.5).
    let failure = ''
    socket.addEventListener('error', (event) => {
      failure = ('message' in event && /failed: (.+)$/.exec(String(event.message))?.[1]) || ''
    })
    socket.addEventListener('close', ({ code, reason }) => {
      this.stopTerminating()
      const why = reason || failure || `code ${code}`
      const [, distrust] = /^TLS handshake failed: (.+)/.exec(why) ?? []
      if (this.phase === 'opening' && distrust !== undefined) this.end('untrusted', distrust)
      else this.end(this.phase === 'opening' ? 'unreachable' : 'closed', why)
    })
  }

  get isReady(): boolean {
    return this.phase === 'ready'
  }

  async publish(event: Signed): Promise<Delivery> {
    const delivery = await this.send(event)
    // Some relays ask for a key only when something is published; the challenge came before this answer.
    if (delivery.state !== 'refused' || !wantsProof(delivery.reason) || !this.proof) return delivery
    return (await this.proof).state === 'delivered' ? this.send(event) : delivery
  }

  /** Asks for what is wanted by now, in place of what was: the subscription has no gap (NIP-01). */
  resubscribe(): void {
    if (this.phase === 'ready') this.subscribe()
  }

  close(): void {
    this.end('closed', 'closed by us')
  }

  private send(event: Signed): Promise<Delivery> {
    if (this.phase !== 'ready') return Promise.resolve(unknown('not connected'))
    if (this.socket.bufferedAmount > this.seams.bounds.unsentPerLinkBytes)
      return Promise.resolve(unknown('too much is unsent'))
    const answer = this.answers.expect(event.id)
    this.write(`["EVENT",${eventText(event)}]`)
    return answer
  }

  private opened(): void {
    if (this.phase !== 'opening') return
    this.phase = 'subscribing'
    this.subscribe()
    const { clock, bounds } = this.seams
    this.stopTimer()
    this.stopTimer = clock.after(bounds.authMs, () => this.end('silent', 'no answer to REQ'))
  }

  private heard(data: unknown): void {
    if (this.phase === 'over') return
    this.heardAt = this.seams.clock.ticks()
    if (!this.allowance.event()) return this.end('closed', 'it sent too many messages')
    if (typeof data !== 'string' || isLonger(data, this.seams.bounds.eventBytes + TEXT_SLACK))
      return this.end('closed', 'it sent a message that is too large, or none')
    const event = eventIn(data, OURS_PREFIX)
    if (event === undefined) return this.message(elementsOf(data, 8) ?? [])
    this.seams.event(event)
  }

  private message([label, first, second, third]: string[]): void {
    const name = stringOf(first) ?? ''
    switch (stringOf(label)) {
      case 'AUTH':
        return this.prove(name)
      case 'OK': {
        const delivery = deliveryOf(valueOf(second) === true, plain(stringOf(third)))
        return this.answers.settle(name as EventId, delivery)
      }
      case 'EVENT':
        return (name === OURS || name === ALSO) && second !== undefined
          ? this.seams.event(second)
          : undefined
      case 'EOSE':
        return name === OURS ? this.ready() : undefined
      case 'CLOSED':
        return name === OURS ? this.unsubscribed(plain(stringOf(second))) : undefined
    }
  }

  // Whatever the relay then thinks of us, it is asked again: some serve a key more than they serve nobody.
  private prove(challenge: string): void {
    if (challenge === '' || challenge.length > CHALLENGE_CHARS || ++this.proofs > MOST_PROOFS)
      return
    const { signer, clock } = this.seams
    const event = signer.sign(authDraft(this.address, challenge, clock.now()))
    this.proof = this.answers.expect(event.id)
    this.write(`["AUTH",${eventText(event)}]`)
    void this.proof.then((delivery) => {
      if (delivery.state === 'refused' && this.waiting) this.end('refused', delivery.reason)
      if (delivery.state !== 'delivered') return
      this.proven = true
      this.subscribe()
    })
  }

  // The one that wants a proof first is asked again when it has one, within the time for the first answer.
  private unsubscribed(reason: string): void {
    this.waiting = this.phase === 'subscribing' && wantsProof(reason) && !this.proven
    if (!this.waiting) this.end(wantsProof(reason) ? 'refused' : 'closed', reason)
  }

  private subscribe(): void {
    this.write(JSON.stringify(['REQ', OURS, ...this.seams.filters()]))
    const also = this.seams.also?.() ?? []
    if (also.length > 0) this.write(JSON.stringify(['REQ', ALSO, ...also]))
  }

  private ready(): void {
    if (this.phase !== 'subscribing') return
    this.phase = 'ready'
    this.stopTimer()
    this.readySince = this.seams.clock.ticks()
    this.keepAlive()
    this.seams.ready()
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

  private write(message: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(message)
  }

  private end(what: Trouble, reason: string): void {
    if (this.phase === 'over') return
    const { clock, bounds, ended } = this.seams
    const upMs = this.phase === 'ready' ? clock.ticks() - this.readySince : 0
    this.phase = 'over'
    this.stopTimer()
    this.answers.end(`the connection ended: ${reason}`)
    if (this.socket.readyState !== WebSocket.CLOSED) {
      this.stopTerminating = clock.after(bounds.handshakeMs, () => this.socket.terminate())
      this.socket.close(1000)
    }
    queueMicrotask(() => ended(what, plain(reason), upMs))
  }
}

// NIP-42. `restricted:` is for a key that was proven and may not.
const wantsProof = (reason: string): boolean => reason.startsWith('auth-required:')

const plain = (said = ''): string => said.replace(/[\p{C}\s]+/gu, ' ').slice(0, REASON_CHARS)
