import { asFault, type Fault } from '../base/fault.ts'
import type { Clock, UnixMs } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { decodeFrame } from '../protocol/frames.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { type IntakeRules, admit } from '../protocol/intake.ts'
import { REFUSAL_CODES, type RefusalCode, isRefusal } from '../protocol/refusal.ts'
import type { Store } from '../storage/store.ts'
import type { Delivery, Link, LinkOwner } from '../transport/link.ts'
import { RefusalLog } from './refusal-log.ts'
import type { Decision, LinkId, WireEffect, WireEvent } from './wire.ts'

/** Rules 1 and 2 (docs/protocol.md, section 1): not an event, or not by whom it says. */
const FORGED: ReadonlySet<RefusalCode> = new Set(
  REFUSAL_CODES.slice(0, REFUSAL_CODES.indexOf('event.bad_signature') + 1),
)

/** Effects of one role that are not of the wire are performed by `other`. */
type LoopOptions<State, Event, Effect> = {
  state: State
  decide: (state: State, event: Event, now: UnixMs) => Decision<State, Effect>
  due: (state: State) => UnixMs | undefined
  other: (effect: Exclude<Effect, WireEffect>) => void
  rules: IntakeRules
  clock: Clock
  store: Store
  log: Log
  /** What became of an event that was sent, where the role wants to know. */
  delivered?: (link: LinkId, id: EventId, delivery: Delivery) => void
  /** Told of a new link before anything else comes from it. */
  joined?: (link: Link) => void
  /** The store takes nothing more, or a mind threw: the role must stop. */
  broken: (fault: Fault) => void
}

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
  /** The store takes no observations any more. */
  private forgetful = false
  private readonly refusals: RefusalLog
  private wake: { at: UnixMs; cancel: () => void } | undefined

  constructor(private readonly options: LoopOptions<State, Event, Effect>) {
    this.state = options.state
    this.refusals = new RefusalLog(options.log, options.clock)
  }

  /** Gives the mind an event; its effects are performed before this returns, unless it is deciding now. */
  feed(event: Event | WireEvent): void {
    this.queue.push(event)
    if (this.deciding) return
    this.deciding = true
    try {
      for (let next = this.queue.shift(); next && !this.stopped; next = this.queue.shift()) {
        const decision = this.options.decide(this.state, next as Event, this.options.clock.now())
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
    this.feed({ type: 'authenticated', link: link.id, key, auth })
  }

  event(link: Link, text: string): void {
    const message = admit(text, this.options.rules, this.options.clock.now())
    if (!isRefusal(message)) return this.feed({ type: 'message', link: link.id, message })
    const { refused, detail, now } = message
    this.refusals.add(link.id, refused)
    const id = /"id" *: *"([0-9a-f]{64})"/.exec(text)?.[1]
    const clock = now === undefined ? '' : ` (my clock says ${now})`
    // NIP-01: a duplicate is a yes. What became of the first one was answered then.
    if (id && refused === 'event.replayed')
      return link.answer(id as EventId, true, 'duplicate: seen')
    if (id) link.answer(id as EventId, false, `invalid: ${refused}: ${detail}${clock}`)
    // Whoever speaks the protocol never sends these; a clock may be wrong, a schema newer.
    if (FORGED.has(refused)) link.offend()
  }

  frame(link: Link, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
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
    const { log, store } = this.options
    const wire = effect as WireEffect
    switch (wire.do) {
      case 'send':
        return this.send(wire)
      case 'frame':
        return this.frameTo(wire)
      case 'answer':
        this.links.get(wire.link)?.answer(wire.id, wire.accepted, wire.message)
        return
      case 'close':
        this.links.get(wire.link)?.close(wire.reason)
        return
      case 'keep':
        store.keep(wire.kept).then(
          () => this.feed({ type: 'kept', id: wire.kept.id }),
          (error: unknown) => this.fail(asFault(error)),
        )
        return
      case 'observe':
        store.observe(wire.observation).catch((error: unknown) => this.forgets(asFault(error)))
        return
      case 'log':
        return log[wire.level](wire.event, wire.fields)
      default:
        return this.options.other(effect as Exclude<Effect, WireEffect>)
    }
  }

  private send({ link: id, outgoing }: Extract<WireEffect, { do: 'send' }>): void {
    const sent = this.links.get(id)?.send(outgoing)
    if (!sent) return
    this.sending++
    void sent.then((delivery) => {
      this.sending--
      this.options.delivered?.(id, outgoing.event.id, delivery)
    })
  }

  /** A stream with a hole is repaired by nobody: both sides must see that it ended. */
  private frameTo({ link: id, bytes }: Extract<WireEffect, { do: 'frame' }>): void {
    const link = this.links.get(id)
    if (link && !link.frame(bytes)) link.close('it takes no more frames')
  }

  /** What was seen of nodes can be seen again: without it a router goes on, and learns anew. */
  private forgets({ code }: Fault): void {
    if (this.stopped || this.forgetful) return
    this.forgetful = true
    this.options.log.warn('observations.unwritten', { code })
  }

  private sleep(): void {
    if (this.stopped) return
    const at = this.options.due(this.state)
    if (at === this.wake?.at) return
    this.wake?.cancel()
    this.wake = undefined
    if (at === undefined) return
    const wait = Math.max(0, at - this.options.clock.now())
    const cancel = this.options.clock.after(wait, () => {
      this.wake = undefined
      this.feed({ type: 'tick' })
    })
    this.wake = { at, cancel }
  }

  private fail(fault: Fault): void {
    if (this.stopped) return
    this.stopped = true
    this.options.broken(fault)
  }
}
