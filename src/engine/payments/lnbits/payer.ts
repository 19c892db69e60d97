import type { PaymentHash } from '../../protocol/ids.ts'
import { type Answer, type Backend, ask, isObject, nonsense, objectIn, wordsOf } from '../http.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { PayFailure, Payer, Payment } from '../payer.ts'
import { type PaysOverHttp, type Sent, UNKNOWN, payOnce, preimageOf } from '../payer-once.ts'
import type { PaymentSeams, WalletInfo } from '../wallet.ts'
import { type LnbitsConnection, describeLnbits, lnbitsBackend, rowOf } from './api.ts'

/**
 * The paying half of a wallet in LNbits, with its admin key. LNbits keeps aside what routing may cost and takes no
 * limit for it, so a payment for which it keeps more than the limit is refused before.
 * @throws Fault `config` `wallet.plain_http`
 */
export const openLnbitsPayer = async (
  connection: LnbitsConnection,
  seams: PaymentSeams,
): Promise<Payer> => {
  const to = lnbitsBackend(connection, seams.clock)
  let info: WalletInfo | undefined
  const wallet: PaysOverHttp = {
    record: (hash) => record(to, hash),
    objection: async (_invoice, bolt11, { maxFee }) =>
      (await feeKept(to, bolt11)) > maxFee ? { state: 'failed', reason: 'over_fee' } : null,
    send: async ({ paymentHash }, bolt11, { timeoutMs }) => {
      const json = { out: true, bolt11 }
      const question = { method: 'POST', path: '/api/v1/payments', json, timeoutMs } as const
      return sentBy(to, paymentHash, await ask(to, question))
    },
  }
  return {
    info: async () => (info ??= (await describeLnbits(to, seams)).info),
    ...payOnce(wallet, seams),
    close: async () => {},
  }
}

const feeKept = async (to: Backend, bolt11: string): Promise<Msat> => {
  const answer = await ask(to, { path: `/api/v1/payments/fee-reserve?invoice=${bolt11}` })
  const { fee_reserve: kept } = objectIn(to, answer)
  if (!Number.isSafeInteger(kept) || Number(kept) < 0) throw nonsense(to, 'without a fee')
  return msat(BigInt(Number(kept)))
}

const record = async (to: Backend, hash: PaymentHash): Promise<Payment | null> => {
  const row = await rowOf(to, hash)
  // An invoice of this very wallet: that somebody else may pay it is no payment of ours.
  if (!row || row.amount > 0) return null
  const preimage = preimageOf(hash, row.preimage)
  if (row.paid || (row.now === 'success' && preimage))
    return { state: 'settled', preimage, fee: row.paid ? row.fee : null }
  return row.status === 'failed' ? { state: 'failed', reason: 'other' } : { state: 'inflight' }
}

/** Its own refusals, 400 and 520, come with a word; but it has been known to send 400 after it paid. The record decides. */
const sentBy = (to: Backend, hash: PaymentHash, answer: Answer): Sent => {
  const { status, json } = answer
  if ((status === 400 || status === 520) && isObject(json) && typeof json.detail === 'string')
    return { ifNone: { state: 'failed', reason: failureIn(wordsOf(to, answer) ?? '') } }
  const it = objectIn(to, answer)
  if (it.payment_hash === hash && it.status === 'success') {
    const fee = Number.isSafeInteger(it.fee) ? msat(BigInt(Math.abs(Number(it.fee)))) : null
    return { state: 'settled', preimage: preimageOf(hash, it.preimage), fee }
  }
  return { ifNone: UNKNOWN }
}

const failureIn = (words: string): PayFailure =>
  REASONS.find(([pattern]) => pattern.test(words))?.[1] ?? 'other'

const REASONS: readonly (readonly [RegExp, PayFailure])[] = [
  [/insufficient balance|reserve at least|not enough/i, 'no_balance'],
  [/limit|too high|only incoming|not allowed to spend|permission/i, 'over_limit'],
  [/no_?route|route|unreachable/i, 'no_route'],
  [/fee/i, 'over_fee'],
  [/expired/i, 'expired'],
  [/bolt11|invalid|incorrect|amountless/i, 'rejected'],
]
