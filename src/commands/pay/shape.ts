import { z } from 'zod'
import { WALLET_KINDS } from '../../engine/payments/wallet.ts'
import { NETS } from '../../engine/protocol/event.ts'
import { errorFields, hex, lightningKey, msatText, signedMsatText } from '../shapes.ts'

/** What `fedai pay … --json` prints. Times are ms since 1970, amounts msat. */

const net = z.enum(NETS)
const error = errorFields.nullable()
/** A wallet: its kind, and what tells it from all others. */
const fingerprint = z.string()

/** A payment, as the ledger has it. */
export const entryFields = z.object({
  hash: hex,
  state: z.enum(['intent', 'inflight', 'unknown', 'settled', 'failed']),
  /** A wallet had called it failed before it settled. */
  late: z.boolean(),
  purpose: z.enum(['topup', 'job', 'after', 'route', 'other']),
  /** Whom it pays: a node or a router; null for somebody else’s invoice. */
  payee: hex.nullable(),
  ref: z.string(),
  seq: z.int(),
  amount_msat: msatText,
  fee_msat: msatText.nullable(),
  max_fee_msat: msatText,
  preimage: hex.nullable(),
  reason: z.string().nullable(),
  invoice: z.string(),
  /** What the invoice binds by its hash or memo (terms of docs/protocol.md), as its exact text; null of somebody else’s invoice. */
  terms: z.string().nullable(),
  at: z.number(),
  done_at: z.number().nullable(),
  /** Fingerprint of the wallet that it is sent from, which alone can say how it ended; null where it is not on record. */
  wallet: fingerprint.nullable(),
})

/** `fedai pay INVOICE`. */
export const paymentShape = z.object({
  v: z.literal(1),
  type: z.literal('payment'),
  net,
  status: z.enum(['settled', 'paid_before', 'dry_run', 'failed', 'unknown']),
  hash: hex,
  node: lightningKey,
  /** As its writer has it. */
  memo: z.string().nullable(),
  amount_msat: msatText,
  fee_msat: msatText.nullable(),
  max_fee_msat: msatText,
  preimage: hex.nullable(),
  expires: z.number(),
  before: z.object({ spent_today_msat: msatText, balance_msat: msatText.nullable() }),
  after: z.object({ spent_today_msat: msatText, balance_msat: msatText.nullable() }),
  budget_msat: msatText.nullable(),
  error,
})

export const walletFields = z.object({
  kind: z.enum(WALLET_KINDS),
  /** null of play money that nobody has begun with. */
  fingerprint: fingerprint.nullable(),
  net,
  node: lightningKey.nullable(),
  /** null where the wallet does not say. */
  pays: z.boolean().nullable(),
  preimage: z.enum(['always', 'sometimes', 'never']),
  granularity_msat: msatText,
  custodial: z.boolean(),
  /** Whether it pays no more for routing than it was told; false over NWC. */
  fee_limit: z.boolean(),
  /** What its adapter was tested against. */
  tested: z.string(),
})

/** `fedai pay connect`; `checked` with `--dry-run`. */
export const connectionShape = z.object({
  v: z.literal(1),
  type: z.literal('connection'),
  status: z.enum(['stored', 'unchanged', 'checked']),
  net,
  file: z.string(),
  wallet: walletFields,
})

export const statusShape = z.object({
  v: z.literal(1),
  type: z.literal('pay_status'),
  net,
  /** null without one, and where it does not answer: then `error` says why. */
  wallet: walletFields.nullable(),
  /** Of play money. */
  account: z.string().nullable(),
  balance_msat: msatText.nullable(),
  adapters: z.array(z.object({ kind: z.enum(WALLET_KINDS), tested: z.string() })),
  spent_today_msat: msatText,
  budget_msat: msatText.nullable(),
  max_exposure_msat: msatText.nullable(),
  tabs: z.int(),
  unused_msat: msatText,
  open: z.array(entryFields),
  /** Results by hold that are paid and that nobody saw: `fedai pay resolve` prints them. */
  kept: z.int(),
  error,
})

/** `fedai pay tabs`: our own count, by receipts and by what our wallet settled. */
export const tabsShape = z.object({
  v: z.literal(1),
  type: z.literal('tabs'),
  net,
  tabs: z.array(
    z.object({
      node: hex,
      tab: hex,
      paid_msat: msatText,
      used_msat: msatText,
      disputed_msat: msatText,
      /** Below 0: owed. */
      left_msat: signedMsatText,
      /** Of what is left: paid by `hold` for a result that was had, and in no receipt yet. Not in `unused_msat`. */
      unsettled_msat: msatText,
      seq: z.int(),
      statements: z.int(),
      /** With `--statements`: the newest, at most 1,000, as exact texts of events, the oldest first. */
      signed: z.array(z.string()).optional(),
      /** With `--all`: a session of `--tab off`. What is left on it went with its key, and is not in `unused_msat`. */
      past: z.boolean(),
      broken: z.boolean(),
      /** When its node said last that it knows nothing of it, ms since 1970; what is left there is not in `unused_msat`. */
      lost_at: z.number().nullable(),
      paid_at: z.number().nullable(),
    }),
  ),
  unused_msat: msatText,
})

/** `fedai pay top-up`. */
export const topUpShape = z.object({
  v: z.literal(1),
  type: z.literal('top_up'),
  net,
  /**
   * `unheard`: it is paid, and the node has not said that it has it. `paid_before`: one that another command began has
   * arrived, and nothing was sent now.
   */
  status: z.enum(['paid', 'paid_before', 'unheard', 'dry_run', 'failed', 'unknown']),
  node: hex,
  /** null where none was asked. */
  router: hex.nullable(),
  /** null where it did not come to one. */
  amount_msat: msatText.nullable(),
  fee_msat: msatText.nullable(),
  max_fee_msat: msatText.nullable(),
  /** On the tab there, by our own count; below 0: owed. */
  left_msat: signedMsatText,
  /** The newest top-up of this tab that had settled before this command; null without one. */
  last: z.object({ amount_msat: msatText, settled_at: z.number() }).nullable(),
  spent_today_msat: msatText,
  budget_msat: msatText.nullable(),
  max_exposure_msat: msatText.nullable(),
  error,
})

export const historyShape = z.object({
  v: z.literal(1),
  type: z.literal('history'),
  net,
  /** The newest first. */
  payments: z.array(entryFields),
  /** Of those that settled and are listed. */
  paid_msat: msatText,
  fees_msat: msatText,
  /** There are older ones than were listed. */
  more: z.boolean(),
})

/** `fedai pay resolve`: each payment that was open, as it stands now. */
export const resolutionShape = z.object({
  v: z.literal(1),
  type: z.literal('resolution'),
  net,
  payments: z.array(entryFields),
  open: z.int(),
  /** Of jobs paid by hold, whose process ended before; `output` is null where it does not open. */
  results: z.array(
    z.object({ payment: hex, job: hex, node: hex, task: z.string(), output: z.unknown() }),
  ),
  /** Results that are paid and were not handed out now: `--dry-run` hands out none. */
  kept: z.int(),
})
