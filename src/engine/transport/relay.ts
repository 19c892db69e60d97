import type { Bounds } from '../base/bounds.ts'
import { BOUNDS } from '../base/bounds.ts'
import type { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import type { Clock } from '../base/clock.ts'
import type { Signer } from '../identity/seams.ts'
import { type Verifier, parseEvent, wrongId, wrongSignature } from '../protocol/envelope.ts'
import type { Signed } from '../protocol/event.ts'
import { isRefusal } from '../protocol/refusal.ts'
import { unknown } from './answers.ts'
import { keepTrying } from './backoff.ts'
import { checkAddress } from './dial.ts'
import { matchesFilter } from './filter.ts'
import type { Delivery, Filter } from './link.ts'
import { RelayLink } from './relay-link.ts'
import { trouble } from './trouble.ts'

export type RelayOptions = Readonly<{
  /** Proves its key where the relay asks for one (NIP-42). */
  signer: Signer
  /** What is subscribed to; asked anew for each connection and by `resubscribe`, so that `since` can be of then. */
  filters(): readonly Filter[]
  /** What is asked for likewise, and what comes of `filters` all the same where the relay refuses this. */
  also?(): readonly Filter[]
  /** An event that passes a filter and whose id and signature hold. The same one may come again. */
  onEvent(event: Signed): void
  /** The subscription stands: what is sent from now on is heard here. Once for each connection. */
  onReady?(): void
  /** An attempt that failed, or a connection that broke; the next follows in `retryMs`. */
  onTrouble?(trouble: Fault, retryMs: number): void
  bounds?: Partial<Bounds>
}>

export type RelaySeams = Readonly<{ clock: Clock; random: Random; verifier: Verifier }>

/** A relay of others (NIP-01) that we keep a connection to. */
export interface Relay {
  /** Whether the subscription stands. */
  ready(): boolean
  /**
   * Gives the relay an event. `refused` is the relay's word only: it may have passed it on all the same.
   * `unknown` at once where it is not ready.
   */
  publish(event: Signed): Promise<Delivery>
  /** The filters are others now. What is published after this finds them in force. */
  resubscribe(): void
  /** Ends the connection and the dialling. A second call does nothing. */
  close(): void
}

/**
 * Dials a relay, subscribes, and does so again whenever the connection ends. nostr-tools' relay was refused: it
 * marks events as verified on the object, sees no frozen server, and bounds nothing.
 * @throws Fault `usage` `dial.address` | `dial.plaintext`
 */
export const dialRelay = (address: string, options: RelayOptions, seams: RelaySeams): Relay => {
  checkAddress(address)
  const { clock, random, verifier } = seams
  // A path or a query may hold what is nobody's business.
  const { host } = new URL(address)
  let link: RelayLink | undefined
  const close = keepTrying(
    (ended) => {
      let [filters, also]: (readonly Filter[])[] = [[], []]
      const own = (link = new RelayLink(openSocket(address), address, {
        signer: options.signer,
        clock,
        bounds: { ...BOUNDS, ...options.bounds },
        filters: () => (filters = options.filters()),
        also: () => (also = options.also?.() ?? []),
        event(text) {
          const event = verified(text, [...filters!, ...also!], verifier)
          if (event) options.onEvent(event)
        },
        ready: () => options.onReady?.(),
        ended: (what, reason, upMs) => ended(trouble(what, host, reason), upMs),
      }))
      return () => own.close()
    },
    { clock, random },
    (fault, retryMs) => options.onTrouble?.(fault, retryMs),
  )
  return {
    ready: () => link?.isReady ?? false,
    publish: (event) => link?.publish(event) ?? Promise.resolve(unknown('not connected')),
    resubscribe: () => link?.resubscribe(),
    close,
  }
}

// What nobody asked for costs a comparison, and no signature.
const verified = (
  text: string,
  filters: readonly Filter[],
  verifier: Verifier,
): Signed | undefined => {
  const read = parseEvent(text)
  if (isRefusal(read)) return undefined
  const { event } = read.envelope
  const wanted = filters.some((filter) => matchesFilter(filter, event))
  return wanted && !wrongId(event, read.parts) && !wrongSignature(event, verifier)
    ? event
    : undefined
}

// As in dial.ts: a small message that unpacks to a large one is a weapon.
const openSocket = (address: string): WebSocket =>
  new WebSocket(address, { perMessageDeflate: false })
