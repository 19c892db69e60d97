import { fromHex } from '../../src/engine/base/bytes.ts'
import type { Clock } from '../../src/engine/base/clock.ts'
import { isFault } from '../../src/engine/base/fault.ts'
import { type Msat, msat } from '../../src/engine/base/money.ts'
import type { PayFailure, Payer } from '../../src/engine/payments/payer.ts'
import type { InvoiceStatus, Issued, Wallet } from '../../src/engine/payments/wallet.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { type PaymentHash, paymentHash, preimage } from '../../src/engine/protocol/ids.ts'
import type { Wish } from './ldk-wallet.ts'

/** What a wallet service stands in front of. NIP-47 names an invoice by a hash, so the wallet must make such ones. */
export type Backend = Readonly<{
  wallet: Wallet & { issue(wish: Wish): Promise<Issued> }
  payer?: Payer & { balance?(): bigint }
  clock: Clock
  /** What may be spent in all over this connection, msat. */
  budget?: Msat
}>

/** An answer that is an error of NIP-47. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

type Params = Readonly<Record<string, unknown>>
export type Methods = Readonly<Record<string, (params: Params) => Promise<object>>>

/** What routing may cost, and how long a payment may take: the wallet's own affair (NIP-47 has no words for it). */
const LIMITS = { maxFee: msat(20_000n), timeoutMs: 60_000 }
const SPENT_FEE = 1_000n

/** The methods of NIP-47, each of them over a wallet and a payer of our seams, and its record of transactions. */
export const methodsOver = (backend: Backend) => {
  const { wallet, payer, clock, budget } = backend
  const issuedBy = new Map<PaymentHash, Issued & { expires: number; created: number }>()
  let spent = 0n

  const make = async (params: Params): Promise<object> => {
    const { amount, description, description_hash: hash, expiry = 3_600, payment_hash } = params
    const issued = await wallet.issue({
      msat: msat(BigInt(Number(amount))),
      named: hash ? { hash: fromHex(String(hash)) } : { text: String(description ?? '') },
      expirySec: Number(expiry),
      ...(payment_hash !== undefined && { hold: paymentHash(String(payment_hash)) }),
    })
    const created = Math.floor(clock.now() / 1000)
    issuedBy.set(issued.paymentHash, { ...issued, created, expires: created + Number(expiry) })
    return transaction(await wallet.lookup(issued.paymentHash))
  }

  const transaction = (status: InvoiceStatus): object => {
    const it = issuedBy.get(status.paymentHash)
    const invoice = it && decodeBolt11(it.bolt11)
    const asked = typeof invoice === 'object' ? invoice.msat : null
    const now = Math.floor(clock.now() / 1000)
    return {
      type: 'incoming',
      state: status.state === 'canceled' ? ended(it, now) : STATES[status.state],
      invoice: it?.bolt11,
      payment_hash: status.paymentHash,
      amount: Number(status.received ?? asked ?? 0n),
      fees_paid: 0,
      created_at: it?.created ?? now,
      expires_at: it?.expires ?? null,
      settled_at: status.state === 'settled' ? now : null,
    }
  }

  const lookup = async (params: Params): Promise<object> => {
    const bolt11 = params.invoice === undefined ? undefined : decodeBolt11(String(params.invoice))
    const hash =
      typeof bolt11 === 'object' ? bolt11.paymentHash : paymentHash(String(params.payment_hash))
    const status = await wallet.lookup(hash)
    if (status.state !== 'unknown') return transaction(status)
    const payment = await payer?.payStatus(hash, '')
    if (!payment) throw new Refusal('NOT_FOUND', 'transaction not found')
    const settled = payment.state === 'settled'
    return {
      type: 'outgoing',
      state: settled ? 'settled' : payment.state === 'failed' ? 'failed' : 'pending',
      payment_hash: hash,
      preimage: settled ? payment.preimage : null,
      fees_paid: Number((settled && payment.fee) || 0n),
      amount: 0,
      created_at: 0,
      settled_at: settled ? Math.floor(clock.now() / 1000) : null,
    }
  }

  const pay = async ({ invoice: bolt11 }: Params): Promise<object> => {
    if (!payer) throw new Refusal('RESTRICTED', 'this connection cannot pay')
    const invoice = decodeBolt11(String(bolt11))
    const amount = typeof invoice === 'object' ? (invoice.msat ?? 0n) : 0n
    if (budget !== undefined && spent + amount + SPENT_FEE > budget)
      throw new Refusal('QUOTA_EXCEEDED', 'the budget of this connection is used up')
    spent += amount
    const payment = await payer.pay(String(bolt11), LIMITS)
    if (payment.state === 'failed') {
      spent -= amount
      throw new Refusal(FAILURES[payment.reason] ?? 'PAYMENT_FAILED', payment.reason)
    }
    if (payment.state !== 'settled') throw new Refusal('INTERNAL', 'payment timed out')
    return { preimage: payment.preimage, fees_paid: Number(payment.fee ?? 0n) }
  }

  const methods: Methods = {
    make_invoice: make,
    make_hold_invoice: make,
    lookup_invoice: lookup,
    pay_invoice: pay,
    async settle_hold_invoice(params) {
      await wallet.hold!.settle(preimage(String(params.preimage)))
      return {}
    },
    async cancel_hold_invoice(params) {
      await wallet.hold!.cancel(paymentHash(String(params.payment_hash)))
      return {}
    },
    get_balance: async () => ({ balance: Number(payer?.balance?.() ?? 0n) }),
  }
  return { methods, transaction }
}

/** What a thrown thing is in the words of NIP-47. */
export const refusalOf = (error: unknown): { code: string; message: string } => {
  if (error instanceof Refusal) return { code: error.code, message: error.message }
  return { code: 'INTERNAL', message: isFault(error) ? error.message : String(error) }
}

const STATES = {
  open: 'pending',
  accepted: 'accepted',
  settled: 'settled',
  canceled: 'failed',
  unknown: 'failed',
} as const

const ended = (it: { expires: number } | undefined, now: number): string =>
  it && now >= it.expires ? 'expired' : 'failed'

const FAILURES: Readonly<Partial<Record<PayFailure, string>>> = {
  no_balance: 'INSUFFICIENT_BALANCE',
  over_limit: 'QUOTA_EXCEEDED',
}
