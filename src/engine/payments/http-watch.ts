import type { Clock } from '../base/clock.ts'
import type { PaymentHash } from '../protocol/ids.ts'
import type { InvoiceState, InvoiceStatus } from './wallet.ts'

/** Tells of changes of the invoices that it was given, by asking for them. */
export type Watch = Readonly<{
  /** An invoice that was made. */
  add(hash: PaymentHash): void
  /** The function that it returns ends it. */
  subscribe(changed: (status: InvoiceStatus) => void): () => void
  close(): void
}>

const EVERY_MS = 1_000
const MOST_WAIT_MS = 30_000
/** Asked at once, so that a thousand unpaid invoices are no flood: those that were asked longest ago. */
const AT_ONCE = 8
/** An unpaid one beyond these is forgotten, the oldest first; its end is found by `lookup`. */
const MOST_OPEN = 1_000

/**
 * For a wallet that says nothing by itself. It asks while somebody listens and something is open: once a second,
 * rarer when the wallet does not answer.
 */
export const watchByAsking = (
  lookup: (hash: PaymentHash) => Promise<InvoiceStatus>,
  clock: Clock,
): Watch => {
  /** In the order in which they are asked next, each with what was told last. */
  const open = new Map<PaymentHash, InvoiceState>()
  const listeners = new Set<(status: InvoiceStatus) => void>()
  let stop: (() => void) | null = null
  let failures = 0

  const tell = (status: InvoiceStatus): void => {
    const before = open.get(status.paymentHash)
    if (before === undefined || status.state === before) return
    if (status.state === 'settled' || status.state === 'canceled') open.delete(status.paymentHash)
    else open.set(status.paymentHash, status.state)
    for (const listener of listeners) listener(status)
  }

  const round = async (): Promise<void> => {
    const hashes = [...open.keys()].slice(0, AT_ONCE)
    for (const hash of hashes) {
      const state = open.get(hash)!
      open.delete(hash)
      open.set(hash, state)
    }
    const answers = await Promise.allSettled(hashes.map(lookup))
    failures = answers.some((it) => it.status === 'rejected') ? failures + 1 : 0
    for (const answer of answers) if (answer.status === 'fulfilled') tell(answer.value)
  }

  const next = (): void => {
    if (stop || listeners.size === 0 || open.size === 0) return
    const wait = Math.min(MOST_WAIT_MS, EVERY_MS * 2 ** Math.min(failures, 10))
    let over = false
    const takeBack = clock.after(wait, () => {
      void round().finally(() => {
        if (over) return
        stop = null
        next()
      })
    })
    stop = () => {
      over = true
      takeBack()
      stop = null
    }
  }

  return {
    add: (hash) => {
      open.set(hash, 'open')
      if (open.size > MOST_OPEN) open.delete(open.keys().next().value!)
      next()
    },
    subscribe: (changed) => {
      const listener = (status: InvoiceStatus) => changed(status)
      listeners.add(listener)
      next()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop?.()
      }
    },
    close: () => {
      listeners.clear()
      stop?.()
    },
  }
}
