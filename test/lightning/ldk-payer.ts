import * as ldk from 'lightningdevkit'
import { fromHex, toHex } from '../../src/engine/base/bytes.ts'
import type { Clock } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import type { PayFailure, Payer, PayLimits, Payment } from '../../src/engine/payments/payer.ts'
import { type PaymentHash, paymentHash, preimage } from '../../src/engine/protocol/ids.ts'
import type { LdkNode } from './ldk-node.ts'
import { LDK_CAPS } from './ldk-wallet.ts'

/** The paying half of an LDK node, and what it has, in msat. */
export type LdkPayer = Payer & { balance(): bigint }

type Attempt = { payment: Payment; ended: () => void; over: Promise<void> }

/** Our `Payer` on a real Lightning node. LDK itself refuses to pay one hash twice. */
export const ldkPayer = (node: LdkNode, clock: Clock): LdkPayer => {
  const attempts = new Map<string, Attempt>()

  const finish = (hash: string, payment: Payment): void => {
    const attempt = attempts.get(hash)
    if (!attempt) return
    attempt.payment = payment
    attempt.ended()
  }
  const end = node.on((event) => {
    if (event instanceof ldk.Event_PaymentSent)
      finish(toHex(event.payment_hash), {
        state: 'settled',
        preimage: preimage(toHex(event.payment_preimage)),
        fee: msat(some(event.fee_paid_msat) ?? 0n),
      })
    if (event instanceof ldk.Event_PaymentFailed)
      finish(toHex(event.payment_id), { state: 'failed', reason: reasonOf(event) })
  })
  const balance = (): bigint =>
    node.manager
      .list_usable_channels()
      .reduce((sum, channel) => sum + channel.get_outbound_capacity_msat(), 0n)

  const send = (hash: PaymentHash, invoice: ldk.Bolt11Invoice, limits: PayLimits): Attempt => {
    const over = Promise.withResolvers<void>()
    const attempt: Attempt = {
      payment: { state: 'inflight' },
      ended: over.resolve,
      over: over.promise,
    }
    attempts.set(hash, attempt)
    const refusal =
      some(invoice.amount_milli_satoshis())! > balance()
        ? 'no_balance'
        : sendPayment(node, invoice, limits)
    if (refusal) finish(hash, { state: 'failed', reason: refusal })
    return attempt
  }

  return {
    info: async () => ({
      kind: 'lnd',
      net: 'regtest',
      nodeKey: toHex(node.id),
      caps: { ...LDK_CAPS, spend: true },
    }),
    balance,
    async pay(bolt11, limits) {
      const invoice = parse(bolt11)
      if (!(invoice instanceof ldk.Bolt11Invoice)) return { state: 'failed', reason: invoice }
      const hash = paymentHash(toHex(invoice.payment_hash()))
      const before = attempts.get(hash)
      const unpaid = before === undefined || before.payment.state === 'failed'
      if (unpaid && invoice.would_expire(BigInt(Math.floor(clock.now() / 1000))))
        return { state: 'failed', reason: 'expired' }
      const attempt = unpaid ? send(hash, invoice, limits) : before
      const { promise, resolve } = Promise.withResolvers<void>()
      const stop = clock.after(limits.timeoutMs, resolve)
      await Promise.race([attempt.over, promise])
      stop()
      return attempt.payment
    },
    payStatus: async (hash) => attempts.get(hash)?.payment ?? null,
    async close() {
      end()
    },
  }
}

const parse = (bolt11: string): ldk.Bolt11Invoice | PayFailure => {
  const parsed = ldk.Bolt11Invoice.constructor_from_str(bolt11)
  if (!(parsed instanceof ldk.Result_Bolt11InvoiceParseOrSemanticErrorZ_OK)) return 'rejected'
  if (parsed.res.currency() !== ldk.Currency.LDKCurrency_Regtest) return 'wrong_net'
  return some(parsed.res.amount_milli_satoshis()) === undefined ? 'rejected' : parsed.res
}

const some = (option: ldk.Option_u64Z): bigint | undefined =>
  option instanceof ldk.Option_u64Z_Some ? option.some : undefined

const sendPayment = (
  node: LdkNode,
  invoice: ldk.Bolt11Invoice,
  limits: PayLimits,
): PayFailure | undefined => {
  const params = ldk.UtilMethods.constructor_payment_parameters_from_invoice(invoice)
  if (
    !(
      params instanceof
      ldk.Result_C3Tuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZNoneZ_OK
    )
  )
    return 'rejected'
  const hash = fromHex(toHex(invoice.payment_hash()))
  const route = params.res.get_c()
  route.set_max_total_routing_fee_msat(ldk.Option_u64Z.constructor_some(limits.maxFee))
  if (limits.maxCltv !== undefined)
    route.get_payment_params().set_max_total_cltv_expiry_delta(limits.maxCltv)
  const once = ldk.Retry.constructor_attempts(1)
  const sent = node.manager.send_payment(hash, params.res.get_b(), hash, route, once)
  if (!(sent instanceof ldk.Result_NoneRetryableSendFailureZ_Err)) return undefined
  return FAILURES[sent.err] ?? 'other'
}

const FAILURES: Readonly<Partial<Record<ldk.RetryableSendFailure, PayFailure>>> = {
  [ldk.RetryableSendFailure.LDKRetryableSendFailure_PaymentExpired]: 'expired',
  [ldk.RetryableSendFailure.LDKRetryableSendFailure_RouteNotFound]: 'no_route',
}

const REASONS: Readonly<Partial<Record<ldk.PaymentFailureReason, PayFailure>>> = {
  [ldk.PaymentFailureReason.LDKPaymentFailureReason_RecipientRejected]: 'rejected',
  [ldk.PaymentFailureReason.LDKPaymentFailureReason_RetriesExhausted]: 'no_route',
  [ldk.PaymentFailureReason.LDKPaymentFailureReason_PaymentExpired]: 'expired',
  [ldk.PaymentFailureReason.LDKPaymentFailureReason_RouteNotFound]: 'no_route',
}

const reasonOf = ({ reason }: ldk.Event_PaymentFailed): PayFailure =>
  reason instanceof ldk.Option_PaymentFailureReasonZ_Some
    ? (REASONS[reason.some] ?? 'other')
    : 'other'
