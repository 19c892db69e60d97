import type { UnixMs } from '../base/clock.ts'
import type { Msat } from '../base/money.ts'
import type { PaymentHash, Preimage, PubKey } from '../protocol/ids.ts'
import type { Purpose } from '../protocol/terms.ts'
import type { Change } from './tab-rows.ts'

/** An invoice that our wallet issued, as a row of the ledger. It is there before anybody else sees the invoice. */
export type BookedInvoice = Readonly<{
  hash: PaymentHash
  payee: PubKey
  /** Tab key; where the tab is off the session key. */
  payer: PubKey
  /** What it is numbered within: the tab key, or the job. */
  ref: string
  seq: number
  purpose: Purpose
  msat: Msat
  /** The exact text of its terms, and the invoice. */
  terms: string
  bolt11: string
  /** `accepted`: a hold invoice whose money waits for us. `canceled`: also, expired unpaid. */
  state: 'issued' | 'accepted' | 'settled' | 'canceled'
  /** What is credited for it; null until it settled. */
  received: Msat | null
  /** Of a hold invoice: what settles it, which nobody else knows. */
  preimage: Preimage | null
  /** What was decided about a hold invoice that is accepted. The wallet is told until it has done it. */
  closing: 'settle' | 'cancel' | null
  expiresAt: UnixMs
  at: UnixMs
}>

export type InvoiceChange = Change<'invoices', BookedInvoice>

/** Whose invoice it is, and what for: a tab, or one job. */
export type InvoicePlace = Pick<BookedInvoice, 'payer' | 'ref'>

/** What is asked of the wallet, and not there yet. */
export type WantedInvoice = Pick<BookedInvoice, 'payer' | 'ref' | 'seq' | 'purpose' | 'msat'> &
  Readonly<{
    hold: boolean
    /** The router that may see the proof, where the payer wants to show one. */
    router?: PubKey
    /** Its payer said meanwhile that it will not be paid. */
    unwanted?: boolean
  }>

export type BookEvent =
  /** Somebody asks for an invoice. `settled`: highest seq of this payer key that settled (its tab's). */
  | Readonly<{ type: 'fund'; settled: number } & Omit<WantedInvoice, 'seq'>>
  /** A hold invoice is not wanted any more by its payer, and the wallet has perhaps not made it yet. */
  | Readonly<{ type: 'unwanted' } & InvoicePlace>
  /** The wallet made it. */
  | Readonly<{ type: 'issued'; invoice: IssuedInvoice }>
  | Readonly<{ type: 'unissued' } & InvoicePlace>
  /** It was issued, and the ledger knows its hash: it was given to nobody. */
  | Readonly<{ type: 'unwritten'; hash: PaymentHash }>
  /** What our own wallet says, asked or by itself; nothing else is believed. */
  | Readonly<{ type: 'status'; hash: PaymentHash; state: SaidState; received: Msat | null }>
  /** The result that a hold invoice pays for was delivered, or will not be. */
  | Readonly<{ type: 'delivered' | 'undelivered'; hash: PaymentHash }>
  | Readonly<{ type: 'tick' }>

export type SaidState = 'open' | 'accepted' | 'settled' | 'canceled' | 'unknown'

export type IssuedInvoice = Omit<BookedInvoice, 'payee' | 'state' | 'received' | 'closing' | 'at'>

export type BookEffect =
  /** The role draws up the terms, and a preimage where it is a hold invoice. */
  | Readonly<{ do: 'createInvoice'; wanted: WantedInvoice }>
  | Readonly<{ do: 'lookup'; hash: PaymentHash }>
  | Readonly<{ do: 'settleHold'; hash: PaymentHash; preimage: Preimage }>
  | Readonly<{ do: 'cancelHold'; hash: PaymentHash }>
  /** `issued`: give it to the payer. `settled`: say `paid`. Its preimage is left out. */
  | Readonly<{ do: 'tell'; invoice: BookedInvoice }>
  | Readonly<{ do: 'refuse'; payer: PubKey; ref: string; why: 'busy' | 'policy' | 'wallet' }>
  /** The wallet says that it settled with less than was asked: worth a line in the log. */
  | Readonly<{ do: 'warn'; hash: PaymentHash; why: 'short' }>

/**
 * Effects are performed once the changes are on the disk, and all changes of earlier decisions: also where
 * this one has none (`MoneyStore.write([])`).
 */
export type BookDecision = Readonly<{
  changes: readonly InvoiceChange[]
  /** Invoices that have just settled: what is credited for them (tab.ts) is written with the changes. */
  settled: readonly BookedInvoice[]
  effects: readonly BookEffect[]
}>
