import { type Msat, parseMsat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { preimageOf } from '../payer-once.ts'
import type { PayFailure, Payment } from '../payer.ts'
import type { Body, LndError } from './rest.ts'

/** How a payment stands, as lnd tells of it; null for what is none, or another one. */
export const paymentOf = (hash: PaymentHash, body: Body): Payment | null => {
  if (body.payment_hash !== hash) return null
  switch (body.status) {
    case 'SUCCEEDED':
      // lnd fills a preimage that it has not with zeros.
      return {
        state: 'settled',
        preimage: preimageOf(hash, body.payment_preimage),
        fee: feeIn(body.fee_msat),
      }
    case 'FAILED':
      return { state: 'failed', reason: REASONS[String(body.failure_reason)] ?? 'other' }
    case 'IN_FLIGHT':
    case 'INITIATED':
      return { state: 'inflight' }
    default:
      return null
  }
}

const feeIn = (said: unknown): Msat | null =>
  typeof said === 'string' && /^\d{1,18}$/.test(said) ? parseMsat(said) : null

const REASONS: Readonly<Record<string, PayFailure>> = {
  FAILURE_REASON_TIMEOUT: 'no_route',
  // Also where no route is as cheap as it has to be: lnd does not tell the two apart.
  FAILURE_REASON_NO_ROUTE: 'no_route',
  FAILURE_REASON_INSUFFICIENT_BALANCE: 'no_balance',
  FAILURE_REASON_INCORRECT_PAYMENT_DETAILS: 'rejected',
}

/** lnd never heard of this payment. A proxy's 404 says nothing of the kind. */
export const isNotBegun = ({ message }: LndError): boolean =>
  message.startsWith("payment isn't initiated")

/**
 * Why lnd did not even begin with a payment, from what it says before it does; null for words that may also be
 * said later, by something else, or of an earlier attempt.
 */
export const refusalOf = ({ message }: LndError): PayFailure | null =>
  REFUSALS.find(([words]) => words.test(message))?.[1] ?? null

const REFUSALS: readonly (readonly [RegExp, PayFailure])[] = [
  [/^invoice expired/, 'expired'],
  [/^invoice not for current active network/, 'wrong_net'],
  [/^cltv limit \d+ should be greater than/, 'over_limit'],
  [/^self-payments not allowed/, 'rejected'],
  [/^(failed converting data|invalid bech32|invalid index of 1|checksum failed)/, 'rejected'],
  [/^amount must (not )?be specified/, 'rejected'],
]
