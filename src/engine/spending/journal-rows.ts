import type { UnixMs } from '../base/clock.ts'
import type { Fault } from '../base/fault.ts'
import type { Msat } from '../base/money.ts'
import type { Change } from '../metering/tab-rows.ts'
import type { PaymentHash, Preimage, PubKey } from '../protocol/ids.ts'
import type { Purpose } from '../protocol/terms.ts'
import type { SpendingCaps } from './caps.ts'

/**
 * A payment of ours, as a row of the ledger. It is there before the wallet is told to pay: a hash that is in the
 * journal is never paid again, unless it surely was not paid (journal-retry.ts).
 */
export type Entry = Readonly<{
  hash: PaymentHash
  bolt11: string
  /** Exact text of the terms that it pays; empty for an invoice of somebody else's (`fedai pay INVOICE`). */
  terms: string
  /** Whom it pays: a node or a router; null for somebody else. */
  payee: PubKey | null
  ref: string
  seq: number
  purpose: Purpose | 'other'
  msat: Msat
  /** Most that routing may cost. */
  maxFee: Msat
  expiresAt: UnixMs
  /**
   * `intent`: written, perhaps not sent. `inflight`: the wallet tries. `unknown`: nobody can say. `failed`: the
   * wallet says that it never will succeed.
   */
  state: 'intent' | 'inflight' | 'unknown' | 'settled' | 'failed'
  fee: Msat | null
  preimage: Preimage | null
  /** Why it failed, in a word of the wallet's adapter. */
  reason: string | null
  /** The wallet had called it failed before. */
  late: boolean
  /** Nothing more is asked about it. One that failed is asked about for a day after its end. */
  final: boolean
  /** When it was written; the day that it counts for. */
  at: UnixMs
  doneAt: UnixMs | null
  /**
   * Fingerprint of the wallet that it is sent from (payments/fingerprint.ts): it alone is asked how it ended. null where
   * nobody knows: the row is older than this column. Then any wallet is asked, and believed where it says that the
   * payment settled; that one failed, or that it knows of none, proves nothing.
   */
  wallet: string | null
}>

export type PaymentChange = Change<'payments', Entry>

/** A payment that is wanted; the invoice was checked against its terms before. */
export type WantedPayment = Pick<
  Entry,
  | 'hash'
  | 'bolt11'
  | 'terms'
  | 'payee'
  | 'ref'
  | 'seq'
  | 'purpose'
  | 'msat'
  | 'maxFee'
  | 'expiresAt'
>

/** What a wallet says of a payment (payments/payer.ts). */
export type PaymentNews =
  | Readonly<{ state: 'settled'; preimage: Preimage | null; fee: Msat | null }>
  | Readonly<{ state: 'failed'; reason: string }>
  | Readonly<{ state: 'inflight' | 'unknown' }>

export type JournalEvent =
  /**
   * `price`: most that the job costs which it is for, 0 without one. `left`: what is paid and unused at that
   * payee (ledger.ts); below 0 where it is owed. msat. `known`: what the ledger has of this hash, also where it
   * is final; null: nothing. `once`: the wallet moves the
   * money of a hash once.
   */
  | Readonly<{
      type: 'want'
      payment: WantedPayment
      caps: SpendingCaps
      price: Msat
      left: bigint
      known: Entry | null
      once?: boolean
    }>
  /** What `pay` or `payStatus` said. */
  | Readonly<{ type: 'answer'; hash: PaymentHash; news: PaymentNews }>
  /** `pay` rejected: it is certain that nothing was sent. */
  | Readonly<{ type: 'unsent'; hash: PaymentHash; reason: string }>
  /** `payStatus` knows of no such payment. `maySend`: its wallet moves the money of a hash once (`onceByHash`). */
  | Readonly<{ type: 'absent'; hash: PaymentHash; maySend?: boolean }>
  /** Its user says that nobody will ever know: its wallet is gone. */
  | Readonly<{ type: 'given_up'; hash: PaymentHash }>
  | Readonly<{ type: 'tick' }>

export type JournalEffect =
  /**
   * `again`: an earlier process may have sent it, so that nothing proves any more that it was not. `retry`: it failed
   * before, and its wallet may say so a little longer.
   */
  | Readonly<{
      do: 'pay'
      hash: PaymentHash
      bolt11: string
      maxFee: Msat
      again?: true
      retry?: true
    }>
  | Readonly<{ do: 'lookup'; hash: PaymentHash; bolt11: string }>
  /** It stands otherwise than before. */
  | Readonly<{ do: 'tell'; entry: Entry }>
  | Readonly<{ do: 'refuse'; hash: PaymentHash; fault: Fault }>

/**
 * Effects are performed once the changes are on the disk, and all changes of earlier decisions: also where
 * this one has none (`MoneyStore.write([])`).
 */
export type JournalDecision = Readonly<{
  changes: readonly PaymentChange[]
  /** Payments that have just settled: what they add to a tab (ledger.ts) is written with the changes. */
  settled: readonly Entry[]
  effects: readonly JournalEffect[]
}>
