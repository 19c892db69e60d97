import { expect } from 'bun:test'
import { fromHex, sha256, toHex } from '../base/bytes.ts'
import type { PaymentHash } from '../protocol/ids.ts'
import type { OutsideInvoice, PayerSpecimen } from './payer.conformance.ts'
import type { PayFailure, PayLimits, Payment } from './payer.ts'
import { outcome, sats, until } from './specimen.conformance.ts'
import type { Caps } from './wallet.ts'

/** Steps that the cases of payer.conformance.ts take. */

export const LIMITS: PayLimits = { maxFee: sats(20), timeoutMs: 30_000 }

export const expectSettled = (payment: Payment | null, hash: PaymentHash, caps: Caps): void => {
  if (payment?.state !== 'settled') throw new Error(`the payment is ${JSON.stringify(payment)}`)
  if (payment.fee !== null) expect(payment.fee).toBeLessThanOrEqual(LIMITS.maxFee)
  if (caps.preimage === 'always') expect(payment.preimage).not.toBeNull()
  if (caps.preimage === 'never') expect(payment.preimage).toBeNull()
  if (payment.preimage) expect(toHex(sha256(fromHex(payment.preimage)))).toBe(hash)
}

export const expectFailed = async (
  it: PayerSpecimen,
  invoice: OutsideInvoice,
  limits: PayLimits,
  reasons: readonly PayFailure[],
): Promise<void> => {
  const payment = await outcome(it, it.payer.pay(invoice.bolt11, limits))
  if (payment.state !== 'failed') throw new Error(`the payment is ${payment.state}`)
  expect(reasons).toContain(payment.reason)
  const status = await outcome(it, it.payer.payStatus(invoice.paymentHash, invoice.bolt11))
  if (status) expect(status.state).toBe('failed')
}

/**
 * The amount and at most what routing may cost. A wallet may count its fee a little later; and as long as lnd has not
 * taken an HTLC off its commitment, its place there (43 sat) is not on its balance.
 */
export const expectSpent = async (
  it: PayerSpecimen,
  before: bigint,
  amount: bigint,
): Promise<void> => {
  await until(it, `${amount} msat are spent, and no more for routing than may be`, async () => {
    const spent = before - (await outcome(it, it.balance()))
    return spent >= amount && spent <= amount + LIMITS.maxFee
  })
}

export const untilReceived = (
  it: PayerSpecimen,
  invoice: Pick<OutsideInvoice, 'received'>,
  amount: bigint,
): Promise<void> =>
  until(it, `${amount} msat arrive`, async () => (await outcome(it, invoice.received())) === amount)

export const payState = async (
  it: PayerSpecimen,
  { paymentHash, bolt11 }: OutsideInvoice,
): Promise<Payment['state'] | undefined> =>
  (await outcome(it, it.payer.payStatus(paymentHash, bolt11)))?.state

export const untilPaid = (
  it: PayerSpecimen,
  invoice: OutsideInvoice,
  state: Payment['state'],
): Promise<void> =>
  until(it, `the payment is ${state}`, async () => (await payState(it, invoice)) === state)
