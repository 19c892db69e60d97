import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { type Backend, ask, nonsense, objectIn, wordsOf } from '../http.ts'
import type { PayFailure, Payer, Payment } from '../payer.ts'
import { type PaysOverHttp, type Sent, UNKNOWN, payOnce, preimageOf } from '../payer-once.ts'
import type { PaymentSeams, WalletInfo } from '../wallet.ts'
import { type PhoenixdConnection, describePhoenixd, hasNone, phoenixdBackend } from './api.ts'

/**
 * The paying half of a phoenixd, with its full password. It takes no limit for fees, so one that its tariff would
 * exceed is refused before; and none for the time or the blocks that money is under way.
 * @throws Fault `config` `wallet.plain_http`
 */
export const openPhoenixdPayer = async (
  connection: PhoenixdConnection,
  seams: PaymentSeams,
): Promise<Payer> => {
  const to = phoenixdBackend(connection, seams.clock)
  let info: WalletInfo | undefined
  const wallet: PaysOverHttp = {
    record: (hash) => record(to, hash),
    objection: async ({ msat: amount }, _bolt11, { maxFee }) =>
      feeFor(amount) > maxFee ? { state: 'failed', reason: 'over_fee' } : null,
    send: async ({ paymentHash }, invoice, { timeoutMs }) => {
      const question = {
        method: 'POST',
        path: '/payinvoice',
        form: { invoice },
        timeoutMs,
      } as const
      const answer = await ask(to, question)
      // Its parser refuses before it pays. But a proxy says 400, too: the record decides.
      if (answer.status === 400) return { ifNone: { state: 'failed', reason: 'rejected' } }
      return sentBy(to, paymentHash, objectIn(to, answer))
    },
  }
  return {
    info: async () => (info ??= await describePhoenixd(to)),
    ...payOnce(wallet, seams),
    close: async () => {},
  }
}

/** What ACINQ's trampoline node takes for all routing: 4 sat and 0.4 %. */
const feeFor = (amount: Msat): bigint => 4_000n + (amount * 4n) / 1_000n

/** The best of all attempts: one that succeeded, else one under way, else one that failed. */
const record = async (to: Backend, hash: PaymentHash): Promise<Payment | null> => {
  const answer = await ask(to, { path: `/payments/outgoingbyhash/${hash}` })
  if (hasNone(answer)) return null
  const it = objectIn(to, answer)
  if (it.paymentHash !== hash) throw nonsense(to, 'of another payment than was asked')
  const preimage = preimageOf(hash, it.preimage)
  if (it.isPaid === true && preimage) return { state: 'settled', preimage, fee: feeIn(it.fees, 1n) }
  // Early ones say `isPaid` of all that has ended, failed or not: without a preimage nobody can tell.
  if (it.isPaid !== false || preimage) return UNKNOWN
  return it.completedAt ? { state: 'failed', reason: 'other' } : { state: 'inflight' }
}

const sentBy = (to: Backend, hash: PaymentHash, said: Readonly<Record<string, unknown>>): Sent => {
  const preimage = preimageOf(hash, said.paymentPreimage)
  if (preimage) return { state: 'settled', preimage, fee: feeIn(said.routingFeeSat, 1_000n) }
  if (typeof said.reason !== 'string' || said.paymentPreimage !== undefined)
    return { ifNone: UNKNOWN }
  const reason = wordsOf(to, { status: 200, text: '', json: { reason: said.reason } }) ?? ''
  return { ifNone: { state: 'failed', reason: failureIn(reason) } }
}

const feeIn = (said: unknown, unit: bigint): Msat | null =>
  Number.isSafeInteger(said) && Number(said) >= 0 ? msat(BigInt(Number(said)) * unit) : null

/** Its reasons: sentences of lightning-kmp's FinalFailure, and names of what a part of a payment failed for. */
const failureIn = (reason: string): PayFailure =>
  REASONS.find(([words]) => words.test(reason))?.[1] ?? 'other'

const REASONS: readonly (readonly [RegExp, PayFailure])[] = [
  [/not enough funds|NotEnoughFunds/, 'no_balance'],
  [/NotEnoughFees/, 'over_fee'],
  [/AmountTooSmall|AmountTooBig|TooManyPending/, 'over_limit'],
  [/RejectedPayment|features not supported|must be positive/, 'rejected'],
  [
    /unable to route|offline|Offline|existing channels|no channels|LiquidityIssue|RemoteFailure/,
    'no_route',
  ],
]
