import type { Msat } from '../base/money.ts'
import type { PaymentHash, Preimage } from '../protocol/ids.ts'
import type { WalletInfo } from './wallet.ts'

/** The paying half of a wallet: clients only. No file that a router loads imports this one (test/arch.test.ts). */

/**
 * How a payment stands. `unknown`: nobody can say yet whether the money moves; it is asked again
 * (`payStatus`) and never paid by another invoice meanwhile.
 */
export type Payment =
  /** `preimage` only where the wallet gave one and SHA-256 of it is the payment hash; `fee` null where not said. */
  | Readonly<{ state: 'settled'; preimage: Preimage | null; fee: Msat | null }>
  /** It will never succeed. `reason` is a word of ours. */
  | Readonly<{ state: 'failed'; reason: PayFailure }>
  | Readonly<{ state: 'inflight' | 'unknown' }>

export const PAY_FAILURES = [
  'no_route',
  /** Play money: the invoice is of another ledger than the payer's. */
  'elsewhere',
  'no_balance',
  'expired',
  'rejected',
  'over_fee',
  'over_limit',
  'wrong_net',
  'other',
] as const
export type PayFailure = (typeof PAY_FAILURES)[number]

export type PayLimits = Readonly<{
  /** Most that routing may cost, in msat. */
  maxFee: Msat
  /** After so many ms nothing new is tried; what is in flight is then `unknown`. */
  timeoutMs: number
  /** Most blocks that the money may be locked for, where the wallet takes such a bound. */
  maxCltv?: number
}>

/**
 * A wallet that pays. Neither call rejects because of what became of a payment: all that may have
 * left our hands is `unknown`. They reject (Faults of Wallet) only where it is certain that nothing was sent.
 */
export interface Payer {
  /**
   * The wallet itself moves money for one payment hash once at most, whichever process sends the invoice and however
   * late a request arrives. So what it does not know may be sent again, though it was perhaps sent before.
   */
  readonly onceByHash?: true
  info(): Promise<WalletInfo>
  /** Pays a BOLT11 invoice with an amount. The same one again is never paid twice: it gives how the first stands. */
  pay(bolt11: string, limits: PayLimits): Promise<Payment>
  /** How a payment stands that was begun earlier, perhaps by another process; null where the wallet knows of none. */
  payStatus(hash: PaymentHash, bolt11: string): Promise<Payment | null>
  close(): Promise<void>
}
