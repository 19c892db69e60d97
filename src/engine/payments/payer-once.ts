import { isFault } from '../base/fault.ts'
import { decodeBolt11 } from '../protocol/bolt11/decode.ts'
import type { PaymentHash, Preimage } from '../protocol/ids.ts'
import { isPreimage } from '../protocol/preimage.ts'
import { type Payable, payable } from './payable.ts'
import type { PayFailure, Payer, PayLimits, Payment } from './payer.ts'
import type { PaymentSeams } from './wallet.ts'

/** A wallet that pays over HTTP and can be asked by payment hash. */
export type PaysOverHttp = Readonly<{
  /** What the wallet has on record of a payment; null for nothing. Rejects with a Fault where it cannot tell. */
  record(hash: PaymentHash): Promise<Payment | null>
  /** A word against paying this at all, before anything is sent. */
  objection?(invoice: Payable, bolt11: string, limits: PayLimits): Promise<Payment | null>
  /** Sends, once. A Fault `config` says that the wallet took nothing; any other, that nobody knows. */
  send(invoice: Payable, bolt11: string, limits: PayLimits): Promise<Sent>
}>

/** How it ended, where the wallet's word is enough; else its record decides, and `ifNone` where it has none. */
export type Sent = Payment | Readonly<{ ifNone: Payment }>

/** A request that was cut may reach the wallet so long after; a wallet with nothing on record proves nothing till then. */
const ON_ITS_WAY_MS = 60_000
const MOST_CUT = 1_000

/**
 * `pay` and `payStatus` of such a wallet. Its record is asked before anything is sent, so that what was paid by
 * an earlier process is not paid again, and after every answer that is less than certain.
 */
export const payOnce = (
  wallet: PaysOverHttp,
  { clock, net }: Pick<PaymentSeams, 'clock' | 'net'>,
): Pick<Payer, 'pay' | 'payStatus'> => {
  const sending = new Map<PaymentHash, Promise<Payment>>()
  /** Requests that were cut: when, by `clock.ticks`, and whether an earlier attempt had failed. */
  const cut = new Map<PaymentHash, Readonly<{ at: number; again: boolean }>>()

  /** What a record means, as long as a request may still be on its way: an old failure says nothing of it. */
  const judge = (hash: PaymentHash, record: Payment | null, ifNone: Payment | null) => {
    const it = cut.get(hash)
    const late = it !== undefined && clock.ticks() - it.at < ON_ITS_WAY_MS
    if (record?.state !== 'failed') return record ?? (late ? UNKNOWN : ifNone)
    if (late && it.again) return UNKNOWN
    return ifNone?.state === 'failed' ? ifNone : record
  }

  const recordOf = (hash: PaymentHash): Promise<Payment | null> =>
    wallet.record(hash).catch(() => UNKNOWN)

  const send = async (invoice: Payable, bolt11: string, limits: PayLimits): Promise<Payment> => {
    const hash = invoice.paymentHash
    const before = judge(hash, await wallet.record(hash), null)
    if (before && before.state !== 'failed') return before
    const objection = await wallet.objection?.(invoice, bolt11, limits)
    if (objection) return objection
    const sent = await wallet.send(invoice, bolt11, limits).catch((fault: unknown): Sent => {
      if (isFault(fault) && fault.kind === 'config') throw fault
      cut.set(hash, { at: clock.ticks(), again: before !== null })
      if (cut.size > MOST_CUT) cut.delete(cut.keys().next().value!)
      return { ifNone: UNKNOWN }
    })
    if (!('ifNone' in sent)) return sent
    return judge(hash, await recordOf(hash), sent.ifNone) ?? UNKNOWN
  }

  const payStatus = async (hash: PaymentHash): Promise<Payment | null> =>
    judge(hash, await recordOf(hash), sending.has(hash) ? { state: 'inflight' } : null)

  /** One that has expired is not sent any more, but it may have been before. */
  const refuse = async (bolt11: string, reason: PayFailure): Promise<Payment> => {
    const invoice = decodeBolt11(bolt11)
    const before =
      reason === 'expired' && typeof invoice !== 'string'
        ? await payStatus(invoice.paymentHash)
        : null
    return before ?? { state: 'failed', reason }
  }

  return {
    payStatus,
    pay: (bolt11, limits) => {
      const invoice = payable(bolt11, net, clock.now())
      if (typeof invoice === 'string') return refuse(bolt11, invoice)
      const hash = invoice.paymentHash
      const running = sending.get(hash)
      if (running) return running
      const payment = send(invoice, bolt11.toLowerCase(), limits).finally(() =>
        sending.delete(hash),
      )
      sending.set(hash, payment)
      return payment
    },
  }
}

export const UNKNOWN: Payment = { state: 'unknown' }

/** A preimage, only where it is the one of this payment hash: wallets give none, zeros, or an id of their own. */
export const preimageOf = (hash: PaymentHash, said: unknown): Preimage | null => {
  const secret = typeof said === 'string' ? said.toLowerCase() : ''
  return isPreimage(secret, hash) ? secret : null
}
