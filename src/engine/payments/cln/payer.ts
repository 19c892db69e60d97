import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { type Backend, isObject, nonsense, refused } from '../http.ts'
import { secondsLeft } from '../life.ts'
import type { Payable } from '../payable.ts'
import { payOnce, preimageOf, type Sent, UNKNOWN } from '../payer-once.ts'
import type { PayFailure, Payer, PayLimits, Payment } from '../payer.ts'
import type { PaymentSeams } from '../wallet.ts'
import { clnCaps, type Place, placeOf } from './info.ts'
import { amountIn, type Body, bodyOf, clnBackend, type ClnConnection } from './rest.ts'
import { isUnknownMethod, runCln } from './rest.ts'
import { canSpend } from './rune.ts'

/** How much later than its time limit the node may answer; then nobody waits any longer. */
const LATE_MS = 2_000
/**
 * Longest that xpay may look for routes. While a request that was cut may be at work, nothing on record is no proof
 * (payer-once.ts), and neither is a part that failed: xpay tries another one.
 */
const MOST_SEC = 50
const AT_WORK_MS = 60_000
/** Payments that are known to have ended; of more it is found out once they are old enough. */
const MOST_ENDED = 1_000

/**
 * The paying half of a Core Lightning node (clnrest), by xpay: 24.11 and later. Its rune needs the methods xpay,
 * listpays and getinfo.
 * @throws Fault `config` `wallet.plain_http`
 */
export const openClnPayer = async (
  connection: ClnConnection,
  seams: PaymentSeams,
): Promise<Payer> => {
  const to = clnBackend(connection, seams.clock)
  const caps = clnCaps(canSpend(connection.rune), false)
  const { clock } = seams
  const ended = new Set<PaymentHash>()
  const { pay, payStatus } = payOnce(
    {
      record: (hash) => record(to, hash, ended.has(hash) ? Infinity : clock.now() - AT_WORK_MS),
      send: async (invoice, bolt11, limits) => {
        ended.delete(invoice.paymentHash)
        const sent = await send(to, invoice, bolt11, limits, secondsLeft(invoice, clock))
        ended.add(invoice.paymentHash)
        if (ended.size > MOST_ENDED) ended.delete(ended.values().next().value!)
        return sent
      },
    },
    seams,
  )
  let place: Place | undefined

  return {
    async info() {
      if (!place) {
        await checkMethods(to)
        place = await placeOf(to)
      }
      return { kind: 'cln', ...place, caps }
    },
    pay,
    payStatus,
    close: async () => {},
  }
}

/**
 * Who pays without seeing what becomes of it would find out too late. Asked to pay nothing, xpay refuses.
 * @throws Fault those of `Wallet`; `config` `wallet.credential` where the rune may not
 */
const checkMethods = async (to: Backend): Promise<void> => {
  await record(to, '00'.repeat(32) as PaymentHash, 0)
  const reply = await runCln(to, 'xpay')
  if (!reply.ok && isUnknownMethod(reply.error))
    throw refused(to, 'has no xpay: Core Lightning 24.11 or later is needed')
}

const send = async (
  to: Backend,
  { paymentHash, msat: amount }: Payable,
  bolt11: string,
  { maxFee, timeoutMs, maxCltv }: PayLimits,
  left: number,
): Promise<Sent> => {
  const params = {
    invstring: bolt11,
    maxfee: `${maxFee}msat`,
    retry_for: Math.max(1, Math.min(left, Math.ceil(timeoutMs / 1_000), MOST_SEC)),
    ...(maxCltv !== undefined && { maxdelay: maxCltv }),
  }
  const reply = await runCln(to, 'xpay', params, timeoutMs + LATE_MS)
  if (reply.ok) {
    const preimage = preimageOf(paymentHash, reply.body.payment_preimage)
    const fee = feeOf(amount, reply.body.amount_sent_msat)
    return preimage ? { state: 'settled', preimage, fee } : { ifNone: UNKNOWN }
  }
  // xpay ends with the first part that fails for good: another may be on its way still, which the record tells.
  const reason = REASONS[reply.error.code]
  return { ifNone: reason ? { state: 'failed', reason } : UNKNOWN }
}

/** What xpay's codes say of a payment that nothing is on record of. */
const REASONS: Readonly<Record<number, PayFailure>> = {
  [-32602]: 'rejected',
  203: 'rejected',
  205: 'no_route',
  206: 'over_fee',
  207: 'expired',
  209: 'other',
  210: 'no_route',
}

/**
 * All tries to pay a hash: one that succeeded, else one that is on its way, else one that failed; null where there
 * is none.
 * @param before ms since 1970: what failed later may be tried again, by an xpay that nobody hears of any more
 */
const record = async (to: Backend, hash: PaymentHash, before: number): Promise<Payment | null> => {
  const { pays } = await bodyOf(to, 'listpays', { payment_hash: hash })
  if (!Array.isArray(pays)) throw nonsense(to, 'with no list of payments')
  const all = pays.filter((it): it is Body => isObject(it) && it.payment_hash === hash)
  if (all.length !== pays.length) throw nonsense(to, 'of other payments than was asked')
  const complete = all.find((it) => it.status === 'complete')
  if (complete) {
    const amount = amountIn(complete.amount_msat)
    const fee = amount === null ? null : feeOf(amount, complete.amount_sent_msat)
    return { state: 'settled', preimage: preimageOf(hash, complete.preimage), fee }
  }
  if (all.some((it) => it.status !== 'failed')) return { state: 'inflight' }
  if (all.length === 0) return null
  const old = all.every((it) => Number(it.created_at) * 1_000 < before)
  return old ? { state: 'failed', reason: 'other' } : UNKNOWN
}

const feeOf = (amount: bigint, sent: unknown): Msat | null => {
  const all = amountIn(sent)
  return all === null || all < amount ? null : msat(all - amount)
}
