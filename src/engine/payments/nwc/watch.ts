import type { Clock } from '../../base/clock.ts'
import { type PaymentHash, paymentHash } from '../../protocol/ids.ts'
import type { InvoiceState, InvoiceStatus } from '../wallet.ts'

/** Tells of changes of a wallet's invoices: when it says so itself, and by asking, since what it says may be lost. */
export type Watch = Readonly<{
  /** An invoice that was made. */
  add(hash: PaymentHash): void
  /** A notification named this hash; null: some may have been missed. It is looked up: a relay can repeat old ones. */
  news(hash: string | null): void
  /** The function that it returns ends it. */
  subscribe(changed: (status: InvoiceStatus) => void): () => void
  close(): void
}>

/** How often is asked, ms: the net below notifications, or all there is. */
const WITH_PUSH_MS = 30_000
const WITHOUT_MS = 4_000
/** Of those that were asked longest ago. */
const A_ROUND = 32
/** Questions at a time. */
const AT_ONCE = 8
/** Invoices that are watched; the oldest goes. Its end is found by `lookup`. */
const MOST_OPEN = 1_000
/** Hashes of notifications that wait for their look; more are found by asking. */
const MOST_NEWS = 64

export const watchInvoices = (
  lookup: (hash: PaymentHash) => Promise<InvoiceStatus>,
  clock: Clock,
  push: boolean,
): Watch => {
  /** In the order in which they are asked next, each with what was told last. */
  const open = new Map<PaymentHash, InvoiceState>()
  const listeners = new Set<(status: InvoiceStatus) => void>()
  const fresh = new Set<PaymentHash>()
  let looking = 0
  let stop: (() => void) | undefined

  const tell = (status: InvoiceStatus): void => {
    const { paymentHash: hash, state } = status
    if (state === 'open' || state === 'unknown' || open.get(hash) === state) return
    if (state === 'accepted') open.set(hash, state)
    else open.delete(hash)
    for (const listener of listeners) listener(status)
  }

  const look = async (hash: PaymentHash): Promise<void> => {
    looking++
    const status = await lookup(hash).catch(() => null)
    looking--
    if (status && listeners.size > 0) tell(status)
    lookAtNews()
  }

  const lookAtNews = (): void => {
    for (const hash of fresh) {
      if (looking >= AT_ONCE) return
      fresh.delete(hash)
      void look(hash)
    }
  }

  const round = async (most: number): Promise<void> => {
    const hashes = [...open.keys()].slice(0, most)
    for (const hash of hashes) {
      const told = open.get(hash)!
      open.delete(hash)
      open.set(hash, told)
    }
    const worker = async () => {
      for (let hash = hashes.shift(); hash && listeners.size > 0; hash = hashes.shift())
        await look(hash)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }

  const next = (): void => {
    if (stop || listeners.size === 0) return
    stop = clock.after(push ? WITH_PUSH_MS : WITHOUT_MS, () => {
      void round(A_ROUND).then(() => {
        stop = undefined
        next()
      })
    })
  }

  const end = (): void => {
    stop?.()
    stop = undefined
  }

  return {
    add(hash) {
      open.set(hash, 'open')
      if (open.size > MOST_OPEN) open.delete(open.keys().next().value!)
    },
    news(hash) {
      if (listeners.size === 0) return
      if (hash === null) return void round(MOST_OPEN)
      if (fresh.size < MOST_NEWS) fresh.add(paymentHash(hash))
      lookAtNews()
    },
    subscribe(changed) {
      const listener = (status: InvoiceStatus) => changed(status)
      listeners.add(listener)
      next()
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
