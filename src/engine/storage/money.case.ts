import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { BookedInvoice } from '../metering/invoice-book-rows.ts'
import type { Draw, SignedStatement, Tab } from '../metering/tab-rows.ts'
import type { EventId, JobId, PaymentHash, Preimage, PubKey } from '../protocol/ids.ts'
import type { Entry } from '../spending/journal-rows.ts'
import type { TakenProof } from '../spending/proofs.ts'
import type { Charge, TabView } from '../spending/ledger.ts'
import { NODE } from './store.conformance.ts'

/** Rows of money, for tests. */

/** Larger than a double can hold exactly. */
export const HUGE = msat(9_007_199_254_740_993n)
export const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
export const at = unixMs(1_700_000_000_000)
export const KEY = hex<PubKey>(0xc)

export const tabOf = (over: Partial<Tab> = {}): Tab => ({
  node: NODE,
  key: KEY,
  paid: HUGE,
  used: msat(7n),
  reserved: msat(1n),
  credit: msat(0n),
  seq: 3,
  n: 2,
  due: null,
  defaulted: false,
  at,
  ...over,
})

export const drawOf = (n: number, over: Partial<Draw> = {}): Draw => ({
  id: hex<EventId>(30_000 + n),
  node: NODE,
  key: KEY,
  job: hex<JobId>(10_000 + n),
  ticket: hex<EventId>(20_000),
  ceiling: msat(9n),
  timing: 'stream',
  reserved: msat(9n),
  state: 'reserved',
  cost: msat(0n),
  receipt: null,
  text: '{"draw":"…"}',
  at,
  ...over,
})

export const statementOf = (n: number, over: Partial<SignedStatement> = {}): SignedStatement => ({
  id: hex<EventId>(40_000 + n),
  node: NODE,
  key: KEY,
  n,
  paid: HUGE,
  used: msat(BigInt(n)),
  reserved: msat(0n),
  receipt: hex<EventId>(n),
  cost: msat(1n),
  text: `{"n":${n}}`,
  at,
  ...over,
})

export const proofOf = (n: number, over: Partial<TakenProof> = {}): TakenProof => ({
  hash: hex<PaymentHash>(60_000 - n),
  job: hex<JobId>(10_000 + n),
  node: NODE,
  client: KEY,
  msat: HUGE,
  used: false,
  until: (1_700_000_000 + n) as never,
  ...over,
})

export const invoiceOf = (n: number, over: Partial<BookedInvoice> = {}): BookedInvoice => ({
  hash: hex<PaymentHash>(50_000 + n),
  payee: NODE,
  payer: KEY,
  ref: KEY,
  seq: n,
  purpose: 'topup',
  msat: HUGE,
  terms: '{"v":"fedai-pay/1"}',
  bolt11: 'lnbcrt…',
  state: 'issued',
  received: null,
  preimage: hex<Preimage>(1),
  closing: null,
  expiresAt: unixMs(at + 120_000),
  at: unixMs(at + n),
  ...over,
})

export const entryOf = (n: number, over: Partial<Entry> = {}): Entry => ({
  hash: hex<PaymentHash>(50_000 + n),
  bolt11: 'lnbcrt…',
  terms: '',
  payee: NODE,
  ref: KEY,
  seq: n,
  purpose: 'topup',
  msat: HUGE,
  maxFee: msat(5_000n),
  expiresAt: unixMs(at + 120_000),
  state: 'intent',
  fee: null,
  preimage: null,
  reason: null,
  late: false,
  final: false,
  at: unixMs(at + n),
  doneAt: null,
  wallet: 'sim-00000000000000aa',
  ...over,
})

export const settledEntry = (n: number): Entry =>
  entryOf(n, { state: 'settled', fee: msat(3n), final: true, doneAt: at })

export const viewOf = (over: Partial<TabView> = {}): TabView => ({
  payee: NODE,
  ref: KEY,
  paid: HUGE,
  used: msat(7n),
  disputed: msat(0n),
  seq: 2,
  paidAt: at,
  n: 1,
  broken: false,
  lostAt: null,
  session: false,
  at,
  ...over,
})

export const chargeOf = (n: number, over: Partial<Charge> = {}): Charge => ({
  receipt: hex<EventId>(n),
  payee: NODE,
  ref: KEY,
  job: hex<JobId>(10_000 + n),
  cost: msat(BigInt(n)),
  disputed: false,
  stated: n,
  at: unixMs(at + n),
  ...over,
})
