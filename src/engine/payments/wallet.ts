import type { Clock } from '../base/clock.ts'
import type { Msat } from '../base/money.ts'
import type { Random } from '../base/random.ts'
import type { Secp256k1 } from '../identity/seams.ts'
import type { Net } from '../protocol/event.ts'
import type { PaymentHash, Preimage } from '../protocol/ids.ts'

/** The receiving half of a wallet (docs/money.md). What pays stands in payer.ts, which a router never loads. */

export const WALLET_KINDS = ['sim', 'nwc', 'lnd', 'cln', 'phoenixd', 'lnbits', 'address'] as const
export type WalletKind = (typeof WALLET_KINDS)[number]

/** What every adapter is opened with. */
export type PaymentSeams = Readonly<{
  clock: Clock
  random: Random
  secp: Secp256k1
  /** The configured net: an invoice of another one is `wallet.answer`, a wallet on another one is not opened. */
  net: Net
}>

/** What a wallet can do, as its adapter declares it. */
export type Caps = Readonly<{
  /** Invoices that are held until they are settled or cancelled. */
  hold: boolean
  /** How an invoice can name its terms: by their hash, by a text that is hashed there, by a memo, or not at all. */
  bind: 'hash' | 'description' | 'memo' | 'none'
  /** Amounts are multiples of this, in msat: 1, or 1,000 where it only counts whole sats. */
  granularity: Msat
  /** Says by itself when an invoice is paid; others are asked. */
  push: boolean
  /** The credential can spend. null where it cannot be told: treated as if it could. */
  spend: boolean | null
  /** Whether one who pays with it gets to see the preimage. */
  preimage: 'always' | 'sometimes' | 'never'
  /** Somebody else holds the money. */
  custodial: boolean
}>

export type WalletInfo = Readonly<{
  kind: WalletKind
  net: Net
  /** Its Lightning node, 33 bytes in hex; null where the wallet does not say. */
  nodeKey: string | null
  caps: Caps
}>

export type InvoiceWish = Readonly<{
  msat: Msat
  /** The exact text that the invoice commits to: `h` is its SHA-256 (memo fallback: `fedai-pay/1:<hex>`). */
  terms: string
  /** Seconds from now until it cannot be paid any more. */
  expirySec: number
  /** For a hold invoice (caps.hold): the hash whose preimage only the caller knows. */
  hold?: PaymentHash
}>

export type Issued = Readonly<{ bolt11: string; paymentHash: PaymentHash }>

/** `canceled` also says: expired without a payment. `unknown`: this wallet has no such invoice. */
export type InvoiceState = 'open' | 'accepted' | 'settled' | 'canceled' | 'unknown'

export type InvoiceStatus = Readonly<{
  paymentHash: PaymentHash
  state: InvoiceState
  /** What arrived, once it is `accepted` or `settled`; may be more than was asked. */
  received: Msat | null
}>

/**
 * A wallet that receives. `settled` of its own wallet is all that a payee believes: a preimage proves nothing
 * to the one who made it.
 *
 * Every call rejects with Fault `unavailable` `wallet.unreachable` | `wallet.refused` | `wallet.answer` (what it
 * answered makes no sense: HTML, another network, another amount or hash than was asked), or `config`
 * `wallet.credential`. No Fault carries a secret, an invoice's preimage or the wallet's own words unbounded.
 */
export interface Wallet {
  info(): Promise<WalletInfo>
  /** The adapter decodes what it got and checks amount, hash of the terms and network before it returns. */
  createInvoice(wish: InvoiceWish): Promise<Issued>
  lookup(hash: PaymentHash): Promise<InvoiceStatus>
  /**
   * Tells of changes, more than once or late as it may be: the caller looks up what matters. The
   * function that it returns ends it. Lost connections are made anew.
   */
  subscribe(changed: (status: InvoiceStatus) => void): () => void
  /** Only where caps.hold. Both may be called again to the same effect. */
  hold?: {
    settle(preimage: Preimage): Promise<void>
    cancel(hash: PaymentHash): Promise<void>
  }
  close(): Promise<void>
}
