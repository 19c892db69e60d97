import type { Clock } from '../../base/clock.ts'
import { type Msat, msat } from '../../base/money.ts'
import { type Invoice, fitsNet } from '../../protocol/bolt11/invoice.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { payeeOf } from '../../protocol/bolt11/payee.ts'
import { NETS, type Net } from '../../protocol/event.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { termsHash, termsMemo } from '../../protocol/terms.ts'
import type { Connection } from '../connection.ts'
import {
  type Answer,
  type Backend,
  type Question,
  ask,
  badCredential,
  isObject,
  nonsense,
  objectIn,
  refusedBy,
  secureBase,
} from '../http.ts'
import { isBound } from '../issued.ts'
import type { Caps, InvoiceWish, PaymentSeams, WalletInfo } from '../wallet.ts'

/** LNbits' HTTP interface, as the sources of 1.x have it (docs/wallets/lnbits.md). */

export type LnbitsConnection = Extract<Connection, { kind: 'lnbits' }>

/** @throws Fault `config` `wallet.plain_http` for an address on the internet without TLS */
export const lnbitsBackend = ({ url, key }: LnbitsConnection, clock: Clock): Backend => ({
  name: 'lnbits',
  base: secureBase('lnbits', url),
  headers: { 'x-api-key': key },
  secrets: [key],
  clock,
})

export const CAPS = {
  // It shows nobody that a payment is held, and to settle one takes the key that spends.
  hold: false,
  granularity: msat(1_000n),
  push: false,
  preimage: 'sometimes',
  custodial: true,
} as const satisfies Partial<Caps>

/** How LNbits can name terms depends on where its money is; the best comes first. */
type Bind = 'hash' | 'description' | 'memo'
const BINDS: readonly Bind[] = ['hash', 'description', 'memo']

/** The question that makes an invoice. */
export const creation = (
  { msat: amount, terms, expirySec }: InvoiceWish,
  bind: Bind,
): Question => ({
  method: 'POST',
  path: '/api/v1/payments',
  json: {
    out: false,
    unit: 'sat',
    amount: Number(amount / 1_000n),
    expiry: expirySec,
    ...(bind === 'hash' && { description_hash: termsHash(terms) }),
    ...(bind === 'description' && { unhashed_description: Buffer.from(terms).toString('hex') }),
    ...(bind === 'memo' && { memo: termsMemo(terms) }),
  },
})

/** 1.0 calls the invoice `payment_request`. */
export const createdIn = (
  to: Backend,
  answer: Answer,
): Readonly<{ bolt11: unknown; paymentHash: unknown }> => {
  const it = objectIn(to, answer)
  return { bolt11: it.bolt11 ?? it.payment_request, paymentHash: it.payment_hash }
}

export type Described = Readonly<{ info: WalletInfo; bind: Bind }>

/**
 * LNbits says neither its network nor how it binds terms, so an invoice for one sat is made that nobody is given, or
 * two or three where its funding source takes no hash: they tell.
 * @throws Fault those of `objectIn` and `ask`
 */
export const describeLnbits = async (
  to: Backend,
  { secp }: Pick<PaymentSeams, 'secp'>,
): Promise<Described> => {
  const { bind, invoice } = await probe(to)
  const net = NETS.find((it): it is Net => it !== 'sim' && fitsNet(invoice.prefix, it))!
  const caps = { ...CAPS, bind, spend: await canSpend(to) }
  return { bind, info: { kind: 'lnbits', net, nodeKey: payeeOf(invoice, secp), caps } }
}

const probe = async (to: Backend): Promise<{ bind: Bind; invoice: Invoice }> => {
  const wish = { msat: msat(1_000n), terms: 'fedai asks which network this is', expirySec: 60 }
  const unbound = nonsense(to, 'with invoices that name their terms in no way')
  let fault = unbound
  for (const bind of BINDS) {
    const answer = await ask(to, creation(wish, bind))
    if (answer.status >= 400 && isObject(answer.json) && ![401, 403].includes(answer.status)) {
      fault = refusedBy(to, answer)
      continue
    }
    const bolt11 = String(createdIn(to, answer).bolt11)
    const invoice = decodeBolt11(bolt11)
    if (typeof invoice === 'string') throw nonsense(to, 'with something else than an invoice')
    if (isBound(invoice, wish.terms, bind)) return { bind, invoice }
    fault = unbound
  }
  throw fault
}

/** A payment of nothing: refused for its emptiness (400) with the admin key, for the key (401, 403) with another. */
const canSpend = async (to: Backend): Promise<boolean | null> => {
  const json = { out: true, bolt11: '' }
  const { status } = await ask(to, { method: 'POST', path: '/api/v1/payments', json })
  if (status === 401 || status === 403) return false
  return status === 400 ? true : null
}

/** What LNbits has on record of one of our payments. Amounts of what was sent are below zero. */
export type Row = Readonly<{
  paid: boolean
  /** What its funding source says at this moment; LNbits may not have counted it yet. */
  now: unknown
  status: string
  amount: number
  fee: Msat | null
  bolt11: unknown
  preimage: unknown
}>

/** null where it has none. */
export const rowOf = async (to: Backend, hash: PaymentHash): Promise<Row | null> => {
  const answer = await ask(to, { path: `/api/v1/payments/${hash}` })
  if (answer.status === 404 && isObject(answer.json)) return null
  const { paid, status, details } = objectIn(to, answer)
  // It answers without any key, too, and then of everybody's payments, but without details.
  if (!isObject(details)) throw badCredential(to)
  if (details.payment_hash !== hash || typeof details.status !== 'string')
    throw nonsense(to, 'of another payment than was asked')
  const { amount, fee, bolt11, preimage } = details
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount))
    throw nonsense(to, 'without an amount')
  const paidFee = Number.isSafeInteger(fee) ? msat(BigInt(Math.abs(Number(fee)))) : null
  const row = { now: status, status: details.status, amount, fee: paidFee, bolt11, preimage }
  return { ...row, paid: paid === true && details.status === 'success' }
}
