import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { termsHash } from '../../protocol/terms.ts'
import { ask, nonsense, objectIn } from '../http.ts'
import { watchByAsking } from '../http-watch.ts'
import { checkWish, issued } from '../issued.ts'
import type {
  InvoiceStatus,
  InvoiceWish,
  Issued,
  PaymentSeams,
  Wallet,
  WalletInfo,
} from '../wallet.ts'
import { CAPS, type PhoenixdConnection, describePhoenixd, hasNone, phoenixdBackend } from './api.ts'

/**
 * The receiving half of a phoenixd, for which its limited password is enough. It makes invoices of whole sats, and
 * `subscribe` tells of those that this object made.
 * @throws Fault `config` `wallet.plain_http`
 */
export const openPhoenixdWallet = async (
  connection: PhoenixdConnection,
  { clock, net }: PaymentSeams,
): Promise<Wallet> => {
  const to = phoenixdBackend(connection, clock)
  let info: WalletInfo | undefined

  const createInvoice = async (wish: InvoiceWish): Promise<Issued> => {
    checkWish(to, wish, CAPS)
    const hash = termsHash(wish.terms)
    const form = {
      amountSat: String(wish.msat / 1_000n),
      descriptionHash: hash,
      expirySeconds: String(wish.expirySec),
      externalId: `fedai:${hash}`,
    }
    const made = objectIn(to, await ask(to, { method: 'POST', path: '/createinvoice', form }))
    const { serialized: bolt11, paymentHash } = made
    const invoice = issued(to, { bolt11, paymentHash }, wish, { net, bind: CAPS.bind })
    watch.add(invoice.paymentHash)
    return invoice
  }

  const lookup = async (paymentHash: PaymentHash): Promise<InvoiceStatus> => {
    const answer = await ask(to, { path: `/payments/incoming/${paymentHash}` })
    if (hasNone(answer)) return { paymentHash, state: 'unknown', received: null }
    const it = objectIn(to, answer)
    if (it.paymentHash !== paymentHash || typeof it.isPaid !== 'boolean')
      throw nonsense(to, 'of another payment than was asked')
    if (it.isPaid) return { paymentHash, state: 'settled', received: paidFor(it) }
    const ended = clock.now() - amountIn(it.expiresAt, Infinity) > LATE_MS
    return { paymentHash, state: ended ? 'canceled' : 'open', received: null }
  }

  const watch = watchByAsking(lookup, clock)
  return {
    info: async () => (info ??= await describePhoenixd(to)),
    createInvoice,
    lookup,
    subscribe: watch.subscribe,
    close: async () => watch.close(),
  }
}

/**
 * It calls an invoice expired by the clock alone, while a payment that came in time may still wait for a channel:
 * so long after, ms, it is not paid any more.
 */
const LATE_MS = 60_000

/**
 * What was paid, in msat. What a channel cost is taken out of what arrives; that is the payee's affair, and its
 * payer has paid no less than was asked.
 */
const paidFor = (it: Readonly<Record<string, unknown>>): Msat => {
  const paid = amountIn(it.receivedSat, 0) * 1_000 + amountIn(it.fees, 0)
  return msat(BigInt(Math.max(paid, amountIn(it.requestedSat, 0) * 1_000)))
}

const amountIn = (said: unknown, otherwise: number): number =>
  Number.isSafeInteger(said) && Number(said) >= 0 ? Number(said) : otherwise
