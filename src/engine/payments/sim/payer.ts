import { unixMs } from '../../base/clock.ts'
import { isFault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { payable } from '../payable.ts'
import type { PayLimits, Payer, Payment } from '../payer.ts'
import { invoiceOf } from './invoices.ts'
import { type SimAccount, type SimSeams, asWallet, openSim } from './open.ts'
import { type Order, payOrder, paymentOf } from './payer-order.ts'
import { watchLedger } from './watch.ts'

/** What routing costs: so many msat, and so many millionths of the amount. */
export type SimFee = Readonly<{ base: Msat; ppm: bigint }>

/**
 * The paying half of an account of play money. What it says is settled is on the disk.
 * @param of `fee`: nothing, where it is not given
 * @throws as openSimWallet
 */
export const openSimPayer = async (
  of: SimAccount & Readonly<{ fee?: SimFee }>,
  seams: SimSeams,
): Promise<Payer> => {
  const { clock } = seams
  const { ledger, info } = await openSim(of, seams)
  /** Ends the waiting for each payment that is held. */
  const waiting = new Set<() => void>()
  let open = true

  const statusOf = (hash: PaymentHash): Payment | null => {
    const it = invoiceOf(ledger, hash)
    return it?.payer === of.account ? paymentOf(it) : null
  }
  const pay = async (bolt11: string, { maxFee, timeoutMs }: PayLimits): Promise<Payment> => {
    // When it ends is the ledger's to judge: what was paid in time stays paid.
    const invoice = payable(bolt11, 'sim', unixMs(0))
    if (typeof invoice === 'string') return { state: 'failed', reason: invoice }
    const order: Order = {
      payer: of.account,
      hash: invoice.paymentHash,
      bolt11: bolt11.toLowerCase(),
      expires: (invoice.timestamp + invoice.expirySec) * 1_000,
      fee: feeOf(of.fee, invoice.msat),
      maxFee,
    }
    const payment = await paid(ledger.write(() => payOrder(ledger, order, clock.now())))
    return payment.state === 'inflight' && open ? held(order.hash, payment, timeoutMs) : payment
  }
  /** A payment that is held, once it has ended; after `timeoutMs` as it stands. */
  const held = (hash: PaymentHash, payment: Payment, timeoutMs: number): Promise<Payment> =>
    new Promise((resolve) => {
      const end = (as: Payment): void => {
        forget()
        stop()
        waiting.delete(leave)
        resolve(as)
      }
      const leave = () => end(payment)
      const look = (): void => {
        const now = statusOf(hash) ?? payment
        if (now.state !== 'inflight') end(now)
      }
      const forget = watchLedger(ledger, clock, look)
      const stop = clock.after(timeoutMs, leave)
      waiting.add(leave)
      // It may have ended before anybody watched.
      look()
    })

  return {
    onceByHash: true,
    info: async () => info,
    pay: (bolt11, limits) => asWallet(() => pay(bolt11, limits)),
    payStatus: (hash) => asWallet(() => statusOf(hash)),
    close: async () => {
      open = false
      for (const leave of waiting) leave()
      await ledger.close()
    },
  }
}

const feeOf = (fee: SimFee | undefined, amount: Msat): Msat =>
  fee ? msat(fee.base + (amount * fee.ppm) / 1_000_000n) : msat(0n)

/** Of a disk that failed nobody knows what it has kept; a closed ledger took nothing. */
const paid = (writing: Promise<Payment>): Promise<Payment> =>
  writing.catch((error: unknown) => {
    if (isFault(error) && error.code.startsWith('wallet.')) throw error
    return { state: 'unknown' }
  })
