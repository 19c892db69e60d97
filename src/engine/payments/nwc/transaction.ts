import { z } from 'zod'
import type { UnixMs } from '../../base/clock.ts'
import { type Msat, msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { nonsense } from '../http.ts'
import type { InvoiceStatus } from '../wallet.ts'
import type { NwcClient } from './client.ts'
import { faultOf } from './faults.ts'

/** What a wallet has on record under a payment hash: an invoice of its own, or a payment. */
export type Transaction = z.output<typeof TRANSACTION>

const time = z.number().int().min(0).nullish().catch(null)
const amount = z
  .number()
  .int()
  .min(0)
  .transform((n): Msat => msat(BigInt(n)))
  .nullish()
  .catch(null)
const TRANSACTION = z.object({
  type: z.enum(['incoming', 'outgoing']).nullish(),
  payment_hash: z.string(),
  invoice: z.string().nullish().catch(null),
  state: z.string().nullish(),
  amount,
  fees_paid: amount,
  preimage: z.string().nullish().catch(null),
  settled_at: time,
  expires_at: time,
})

/**
 * Looks a payment hash up; null where the wallet has nothing of it.
 * @throws Fault those of `resultOf`
 */
export const lookUp = async (
  client: NwcClient,
  hash: PaymentHash,
  waitMs?: number,
): Promise<Transaction | null> => {
  const options = waitMs === undefined ? {} : { waitMs }
  const outcome = await client.call('lookup_invoice', { payment_hash: hash }, options)
  if (outcome.state === 'error' && isNotFound(outcome)) return null
  if (outcome.state !== 'done') throw faultOf(client, 'lookup_invoice', outcome)
  const read = TRANSACTION.safeParse(outcome.result)
  if (!read.success) throw nonsense(client, 'with something else than a transaction')
  if (read.data.payment_hash !== hash) throw nonsense(client, 'of another payment than was asked')
  return read.data
}

// Some call it an internal error, with a sentence of their database.
const isNotFound = ({ code, message }: { code: string; message: string }): boolean =>
  code === 'NOT_FOUND' || /\bnot found\b/i.test(message)

/** One word for how a transaction stands. The field is younger than many wallets, which only say when it was settled. */
export const stateOf = (it: Transaction): string =>
  it.state ?? (it.settled_at ? 'settled' : 'pending')

/**
 * Wallets that have no word for an expired invoice call it pending for ever; while it may yet be paid at the last
 * moment, by another clock, it is open.
 */
const EXPIRED_MS = 10_000

/** An invoice of the wallet's, as our seam has it. A preimage that is shown says nothing: some show it before. */
export const invoiceStatus = (
  paymentHash: PaymentHash,
  it: Transaction | null,
  now: UnixMs,
): InvoiceStatus => {
  const received = it?.amount ?? null
  if (!it || it.type === 'outgoing') return { paymentHash, state: 'unknown', received: null }
  switch (stateOf(it)) {
    case 'settled':
      return { paymentHash, state: 'settled', received }
    case 'accepted':
      return { paymentHash, state: 'accepted', received }
    case 'expired':
    case 'failed':
      return { paymentHash, state: 'canceled', received: null }
    default: {
      const ends = endOf(it)
      const ended = ends !== undefined && ends * 1000 + EXPIRED_MS <= now
      return { paymentHash, state: ended ? 'canceled' : 'open', received: null }
    }
  }
}

/** When nobody can pay it any more, s: as its wallet says, or, where it leaves that out, the invoice itself. */
const endOf = ({ expires_at, invoice, payment_hash }: Transaction): number | undefined => {
  if (expires_at) return expires_at
  const read = decodeBolt11(invoice ?? '')
  if (typeof read === 'string' || read.paymentHash !== payment_hash) return undefined
  return read.timestamp + read.expirySec
}
