import type { Clock } from '../../base/clock.ts'
import { paymentHash } from '../../protocol/ids.ts'
import type { Backend } from '../http.ts'
import type { InvoiceStatus } from '../wallet.ts'
import { statusIn } from './invoice.ts'
import { type Body, runCln, waitFor } from './rest.ts'

const WAIT_SEC = 60
/** A wait that is silent for so long is dead: a cable that was pulled says nothing. */
const DEAD_MS = 90_000
const RETRY_MS = [500, 1_000, 2_000, 5_000, 15_000, 30_000] as const
/** Nothing was paid within the wait. */
const TIMEOUT = 904

/**
 * Follows what is paid at a node, by its long wait, until `signal` ends it.
 * @param paid told of each invoice that is paid from now on
 * @param ready called each time that it knows from where on: what was paid before is found by looking it up
 */
export const followPaid = async (
  to: Backend,
  clock: Clock,
  paid: (status: InvoiceStatus) => void,
  ready: () => void,
  signal: AbortSignal,
): Promise<void> => {
  let index: number | null = null
  for (let tries = 0; !signal.aborted;) {
    try {
      if (index === null) {
        index = await lastPaid(to)
        ready()
      }
      const invoice = await nextPaid(to, clock, index, signal)
      if (invoice) {
        // One that does not rise would be told for ever.
        if (!(Number(invoice.pay_index) > index)) throw new Error('no index')
        index = Number(invoice.pay_index)
        const status = statusIn(to, invoice, paymentHash(String(invoice.payment_hash)))
        if (!signal.aborted) paid(status)
      }
      tries = 0
    } catch {
      await pause(clock, RETRY_MS[tries++] ?? RETRY_MS.at(-1)!, signal)
    }
  }
}

/** The next invoice that is paid; null where none was in time. */
const nextPaid = async (
  to: Backend,
  clock: Clock,
  after: number,
  signal: AbortSignal,
): Promise<Body | null> => {
  const dead = new AbortController()
  const stop = clock.after(DEAD_MS, () => dead.abort())
  const ends = AbortSignal.any([signal, dead.signal])
  try {
    const params = { lastpay_index: after, timeout: WAIT_SEC }
    const reply = await waitFor(to, 'waitanyinvoice', params, ends)
    if (reply.ok) return reply.body
    if (reply.error.code === TIMEOUT) return null
    throw new Error('no answer to a wait')
  } finally {
    stop()
  }
}

/** Indices are below: a node that gets a payment each second needs 30 years. */
const MOST = 2 ** 30

/** The index of the invoice that was paid last: asked in halves, since listing all may be many megabytes. */
const lastPaid = async (to: Backend): Promise<number> => {
  const isAfter = async (index: number): Promise<boolean> => {
    const reply = await runCln(to, 'waitanyinvoice', { lastpay_index: index, timeout: 0 })
    if (!reply.ok && reply.error.code !== TIMEOUT) throw new Error('no answer to a wait')
    return reply.ok
  }
  let [low, high] = [0, 1]
  if (!(await isAfter(0))) return 0
  while (high < MOST && (await isAfter(high))) [low, high] = [high, high * 2]
  // One is after `low`, none after `high`.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (await isAfter(middle)) low = middle
    else high = middle
  }
  return high
}

const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = clock.after(ms, resolve)
    signal.addEventListener('abort', () => (stop(), resolve()), { once: true })
  })
