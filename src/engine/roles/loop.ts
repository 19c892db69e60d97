import { asFault, type Fault } from '../base/fault.ts'
import { type UnixMs, unixMs } from '../base/clock.ts'
import { readFrame } from '../protocol/frames.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { type IntakeRules, admit } from '../protocol/intake.ts'
import { FORGED, isRefusal } from '../protocol/refusal.ts'
import { isPrivateAddress } from '../transport/addresses.ts'
import { placeOf } from '../transport/counter.ts'
import type { Delivery, Link, LinkOwner } from '../transport/link.ts'
import { LoopBooks } from './loop-books.ts'
import type { LoopOptions } from './loop-options.ts'
import { RefusalLog } from './refusal-log.ts'
import { SetClock } from './set-clock.ts'
import type { LinkId, WireEffect, WireEvent } from './wire.ts'

/**
 * The loop around a mind: turns sockets into events, performs effects in order, wakes it when
 * something is due. One writer: `decide` is never entered twice at once.
 */
export class Loop<
  State,
  Event extends { type: string },
  Effect extends { do: string },
> implements LinkOwner {
  private state: State
  private readonly links = new Map<LinkId, Link>()
  private readonly queue: (Event | WireEvent)[] = []
  private deciding = false
  private sending = 0
  private stopped = false
  private readonly refusals: RefusalLog
  private readonly books: LoopBooks
  private wake: { at: UnixMs; cancel: () => void } | undefined
  private readonly time: SetClock
  private rules: IntakeRules

  constructor(private readonly options: LoopOptions<State, Event, Effect>) {
    this.state = options.state
    this.rules = options.rules
    this.time = new SetClock(options.clock)
    this.refusals = new RefusalLog(options.log, options.clock)
    this.books = new LoopBooks(
      options,
      (event) => this.feed(event),
      (fault) => this.fail(fault),
    )
  }

  /** Gives the mind an event; its effects are performed before this returns, unless it is deciding now. */
  feed(event: Event | WireEvent): void {
    this.queue.push(event)
    if (this.deciding) return
    this.deciding = true
    try {
      for (let next = this.queue.shift(); next && !this.stopped; next = this.queue.shift()) {
        const decision = this.options.decide(this.state, next as Event, this.now())
        this.state = decision.state
        for (const effect of decision.effects) this.perform(effect)
      }
    } catch (error) {
      this.fail(asFault(error))
    } finally {
      this.deciding = false
    }
    this.sleep()
  }

  authenticated(link: Link, key: PubKey, auth: EventId): void {
    if (!this.links.has(link.id)) {
      this.links.set(link.id, link)
      this.options.joined?.(link)
    }
    const local = isPrivateAddress(link.address)
    const place = placeOf(link.address)
    const { aheadMs = 0 } = link
    this.feed({ type: 'authenticated', link: link.id, key, auth, local, place, aheadMs })
  }

  event(link: Link, text: string): void {
    // First: a clock that was set moves the rules too.
    const at = this.now()
    const message = admit(text, this.rulesFor(link), at)
    if (!isRefusal(message)) return this.feed({ type: 'message', link: link.id, message })
    const { refused, detail, clocks, foreign, stranger } = message
    const isAbsent = stranger && this.options.mayBeAbsent?.(this.state, stranger)
    this.refusals.add(link.id, refused, isAbsent ? 'peer.absent' : 'event.refused')
    link.stray(text.length)
    const id = /"id" *: *"([0-9a-f]{64})"/.exec(text)?.[1]
    const clock = clocks === undefined ? '' : ` (my clock says ${clocks.now})`
    // NIP-01: a duplicate is a yes. What became of the first one was answered then.
    if (id && refused === 'event.replayed')
      return link.answer(id as EventId, true, 'duplicate: seen')
    if (id) link.answer(id as EventId, false, `invalid: ${refused}: ${detail}${clock}`)
    if (foreign) this.feed({ type: 'foreign', link: link.id, event: foreign })
    if (clocks) this.feed({ type: 'untimely', link: link.id, event: clocks.event })
    if (FORGED.has(refused)) link.offend()
  }

  /** When we began, by the clock of the far side: what it said before is of an earlier run of ours. */
  private rulesFor({ aheadMs = 0 }: Link): IntakeRules {
    if (aheadMs === 0) return this.rules
    return { ...this.rules, startedAt: unixMs(this.rules.startedAt + aheadMs) }
  }

  frame(link: Link, bytes: Uint8Array): void {
    const frame = readFrame(bytes)
    if (frame) this.feed({ type: 'frame', link: link.id, frame })
  }

  closed(link: Link, reason: string): void {
    this.refusals.end(link.id)
    if (!this.links.delete(link.id)) return
    this.feed({ type: 'closed', link: link.id, reason })
  }

  /** Nothing is decided or performed any more; open links are closed. */
  stop(): void {
    this.stopped = true
    this.books.stop()
    this.wake?.cancel()
    for (const link of this.links.values()) link.close('shutting down')
    this.links.clear()
  }

  /** How many events were sent and have no answer yet. */
  unanswered(): number {
    return this.sending
  }

  link(id: LinkId): Link | undefined {
    return this.links.get(id)
  }

  private perform(effect: Effect | WireEffect): void {
    const { log } = this.options
    const wire = effect as WireEffect
    switch (wire.do) {
      case 'send':
        return this.send(wire)
      case 'frame':
        return this.frameTo(wire)
      case 'answer':
        return this.answer(wire)
      case 'taken':
        this.links.get(wire.link)?.taken()
        return
      case 'stray':
        this.links.get(wire.link)?.stray(wire.bytes)
        return
      case 'close':
        this.links.get(wire.link)?.close(wire.reason)
        return
      case 'keep':
        return this.books.keep(wire.kept)
      case 'commit':
        return this.books.commit(wire)
      case 'observe':
        return this.books.observe(wire.observation)
      case 'log':
        return log[wire.level](wire.event, wire.fields)
      default:
        return this.options.other(effect as Exclude<Effect, WireEffect>)
    }
  }

  private answer(wire: Extract<WireEffect, { do: 'answer' }>): void {
    const link = this.links.get(wire.link)
    if (wire.accepted && !wire.late) link?.taken()
    link?.answer(wire.id, wire.accepted, wire.message)
  }

  private send({ link: id, outgoing }: Extract<WireEffect, { do: 'send' }>): void {
    const { delivered } = this.options
    const sent = this.links.get(id)?.send(outgoing)
    if (sent && delivered) this.tell(delivered, sent, id, outgoing.event.id)
  }

  private tell(delivered: Delivered, sent: Promise<Delivery>, link: LinkId, id: EventId): void {
    this.sending++
    void sent.then((delivery) => {
      this.sending--
      delivered(link, id, delivery)
    })
  }

  /** A stream with a hole is repaired only when a link comes back (sync): both sides must see that it broke. */
  private frameTo({ link: id, bytes }: Extract<WireEffect, { do: 'frame' }>): void {
    const link = this.links.get(id)
    if (link && !link.frame(bytes)) link.close('it takes no more frames')
  }

  private sleep(): void {
    if (this.stopped) return
    const at = this.options.deadlines(this.state).next()
    if (at === this.wake?.at) return
    this.wake?.cancel()
    this.wake = undefined
    if (at === undefined) return
    const cancel = this.options.clock.after(Math.max(0, at - this.now()), () => {
      this.wake = undefined
      this.feed({ type: 'tick' })
    })
    this.wake = { at, cancel }
  }

  private now(): UnixMs {
    return this.time.now(this.clockWasSet)
  }

  private readonly clockWasSet = (by: number): void => {
    const { log, clock, deadlines, clockSet } = this.options
    deadlines(this.state).shift(by)
    clockSet?.(this.state, by)
    this.rules.replay.shift(by)
    this.rules = { ...this.rules, startedAt: unixMs(this.rules.startedAt + by) }
    if (this.wake) this.wake.at = unixMs(this.wake.at + by)
    // How far two clocks are apart is measured once on a link: what it said is no longer so.
    clock.after(0, () => this.links.forEach((link) => link.close('the clock was set')))
    log.warn('clock.set', { by_ms: by })
  }

  private fail(fault: Fault): void {
    if (this.stopped) return
    this.stopped = true
    this.books.stop()
    this.options.broken(fault)
  }
}

type Delivered = NonNullable<LoopOptions<unknown, unknown, unknown>['delivered']>
