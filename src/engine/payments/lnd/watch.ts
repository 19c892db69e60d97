import type { Clock } from '../../base/clock.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import type { Backend } from '../http.ts'
import type { InvoiceStatus } from '../wallet.ts'
import { eventsOf } from './events.ts'
import { statusOf } from './invoice.ts'
import { inPath } from './rest.ts'

/** Tells of changes of an lnd's invoices, by its streams. */
export type Watch = Readonly<{
  /** An invoice that was made. lnd's stream for all of them says nothing of one that is held. */
  add(hash: PaymentHash, held: boolean): void
  subscribe(changed: (status: InvoiceStatus) => void): () => void
  close(): void
}>

/** A stream that is silent may be dead: a cable that was pulled says nothing. */
const RENEW_MS = 300_000
/** lnd does not say when a stream has begun: what is looked up after so long, it has not missed. */
const CONNECT_MS = 500
const RETRY_MS = [500, 1_000, 2_000, 5_000, 15_000, 30_000] as const
/** Streams for held invoices, each a connection. What is held beyond them is found by `lookup`. */
const MOST_HELD = 64
/** Open invoices that are looked up after a connection was lost; the oldest go first. */
const MOST_OPEN = 1_000
const AT_ONCE = 8

/** It listens to lnd only while somebody listens to it. */
export const watchLnd = (
  to: Backend,
  clock: Clock,
  lookup: (hash: PaymentHash) => Promise<InvoiceStatus>,
): Watch => {
  const open = new Map<PaymentHash, boolean>()
  const listeners = new Set<(status: InvoiceStatus) => void>()
  const streams = new Map<string, AbortController>()

  const tell = (status: InvoiceStatus): void => {
    if (status.state === 'settled' || status.state === 'canceled') {
      open.delete(status.paymentHash)
      streams.get(heldPath(status.paymentHash))?.abort()
    }
    for (const listener of listeners) listener(status)
  }

  /** What happened while nobody was connected. One that is still open is no news. */
  const catchUp = async (signal: AbortSignal): Promise<void> => {
    await pause(clock, CONNECT_MS, signal)
    const hashes = [...open.keys()]
    const worker = async () => {
      for (let hash = hashes.shift(); hash && !signal.aborted; hash = hashes.shift()) {
        const status = await lookup(hash).catch(() => null)
        const news = status && status.state !== 'open' && status.state !== 'unknown'
        if (news && !signal.aborted) tell(status)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }

  const listen = async (path: string, signal: AbortSignal): Promise<void> => {
    const once = new AbortController()
    const stop = clock.after(RENEW_MS, () => once.abort())
    try {
      for await (const reply of eventsOf(to, path, AbortSignal.any([signal, once.signal]))) {
        const status = reply.ok ? statusOf(reply.body) : null
        if (status && !signal.aborted) tell(status)
      }
    } finally {
      stop()
    }
  }

  const follow = async (path: string): Promise<void> => {
    const ended = new AbortController()
    streams.set(path, ended)
    const { signal } = ended
    for (let tries = 0; !signal.aborted; tries++) {
      const began = clock.ticks()
      const listening = listen(path, signal).catch(() => {})
      // The stream of a held invoice begins with how it stands; that of all does not.
      await Promise.all([listening, ...(path === ALL ? [catchUp(signal)] : [])])
      // One that lived for a while was no failure.
      if (clock.ticks() - began >= RENEW_MS / 10) tries = 0
      if (!signal.aborted) await pause(clock, RETRY_MS[tries] ?? RETRY_MS.at(-1)!, signal)
    }
    // Somebody may have begun it anew meanwhile.
    if (streams.get(path) === ended) streams.delete(path)
  }

  const followHeld = (hash: PaymentHash): void => {
    const path = heldPath(hash)
    if (streams.size <= MOST_HELD && !streams.has(path)) void follow(path)
  }

  const begin = (): void => {
    if (!streams.has(ALL)) void follow(ALL)
    for (const [hash, held] of open) if (held) followHeld(hash)
  }

  const end = (): void => {
    for (const it of streams.values()) it.abort()
    streams.clear()
  }

  return {
    add(hash, held) {
      open.set(hash, held)
      if (open.size > MOST_OPEN) open.delete(open.keys().next().value!)
      if (held && listeners.size > 0) followHeld(hash)
    },
    subscribe(changed) {
      const listener = (status: InvoiceStatus) => changed(status)
      listeners.add(listener)
      begin()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) end()
      }
    },
    close() {
      listeners.clear()
      end()
    },
  }
}

const ALL = '/v1/invoices/subscribe'
const heldPath = (hash: PaymentHash): string => `/v2/invoices/subscribe/${inPath(hash)}`

const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = clock.after(ms, resolve)
    signal.addEventListener('abort', () => (stop(), resolve()), { once: true })
  })
