import type { Clock } from '../../base/clock.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import type { Backend } from '../http.ts'
import { watchByAsking } from '../http-watch.ts'
import type { InvoiceStatus } from '../wallet.ts'
import { followPaid } from './paid.ts'

/** Tells of changes of a node's invoices: of plain ones by its long wait, of held ones by asking. */
export type Watch = Readonly<{
  /** An invoice that was made. */
  add(hash: PaymentHash, held: boolean): void
  subscribe(changed: (status: InvoiceStatus) => void): () => void
  close(): void
}>

/** Open invoices that are looked up when the wait begins; the oldest are forgotten. */
const MOST_OPEN = 1_000

/** It waits for the node only while somebody listens to it. */
export const watchCln = (
  to: Backend,
  clock: Clock,
  lookup: (hash: PaymentHash) => Promise<InvoiceStatus>,
): Watch => {
  const held = watchByAsking(lookup, clock)
  const open = new Set<PaymentHash>()
  const listeners = new Set<(status: InvoiceStatus) => void>()
  let waiting: AbortController | null = null

  const tell = (status: InvoiceStatus): void => {
    open.delete(status.paymentHash)
    for (const listener of listeners) listener(status)
  }

  /** What was paid before the wait knew where to begin. */
  const catchUp = async (signal: AbortSignal): Promise<void> => {
    for (const hash of open) {
      if (signal.aborted) return
      const status = await lookup(hash).catch(() => null)
      if (status?.state === 'settled' && !signal.aborted) tell(status)
    }
  }

  const begin = (): void => {
    if (waiting) return
    const { signal } = (waiting = new AbortController())
    void followPaid(to, clock, tell, () => void catchUp(signal), signal)
  }

  const end = (): void => {
    waiting?.abort()
    waiting = null
  }

  return {
    add(hash, isHeld) {
      if (isHeld) return held.add(hash)
      open.add(hash)
      if (open.size > MOST_OPEN) open.delete(open.values().next().value!)
    },
    subscribe(changed) {
      const listener = (status: InvoiceStatus) => changed(status)
      const endHeld = held.subscribe(listener)
      listeners.add(listener)
      begin()
      return () => {
        endHeld()
        listeners.delete(listener)
        if (listeners.size === 0) end()
      }
    },
    close() {
      held.close()
      listeners.clear()
      end()
    },
  }
}
