import { msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { fitsNet } from '../../protocol/bolt11/invoice.ts'
import { payeeOf } from '../../protocol/bolt11/payee.ts'
import { NETS } from '../../protocol/event.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { termsHash } from '../../protocol/terms.ts'
import { type Backend, nonsense } from '../http.ts'
import { checkWish, issued } from '../issued.ts'
import type { InvoiceStatus, InvoiceWish, PaymentSeams, Wallet } from '../wallet.ts'
import { lndCaps, type Place, placeOf } from './info.ts'
import { statusOf } from './invoice.ts'
import { checkLife, living } from '../life.ts'
import { canSpend } from './macaroon.ts'
import { askLnd, base64, type Body, bodyOf, faultOf } from './rest.ts'
import { hexIn, lndBackend, type LndConnection, type LndError } from './rest.ts'
import { watchLnd } from './watch.ts'

/**
 * The receiving half of an lnd (REST, 0.18 and later). Its macaroon needs to make, look up and follow invoices, and
 * to hold, settle and cancel them; it need not know anything else of the node.
 * @throws Fault `config` `wallet.plain_http`
 */
export const openLndWallet = async (
  connection: LndConnection,
  seams: PaymentSeams,
): Promise<Wallet> => {
  const to = lndBackend(connection, seams.clock)
  const caps = lndCaps(canSpend(connection.macaroon))
  const lookup = (hash: PaymentHash) => lookupIn(to, hash)
  const watch = watchLnd(to, seams.clock, lookup)
  let place: Place | undefined

  return {
    async info() {
      place ??= (await placeOf(to)) ?? (await placeByInvoice(to, seams))
      return { kind: 'lnd', ...place, caps }
    },
    async createInvoice(wish) {
      checkWish(to, wish, caps)
      checkLife(to, wish.expirySec)
      const { payment_request: bolt11, r_hash } = await create(to, wish)
      const paymentHash = wish.hold ?? hexIn(r_hash)
      const asked = { net: seams.net, bind: caps.bind }
      const made = living(to, issued(to, { bolt11, paymentHash }, wish, asked), wish.expirySec)
      watch.add(made.paymentHash, wish.hold !== undefined)
      return made
    },
    lookup,
    subscribe: watch.subscribe,
    hold: {
      async settle(secret) {
        await bodyOf(to, post('/v2/invoices/settle', { preimage: base64(secret) }))
      },
      async cancel(hash) {
        await bodyOf(to, post('/v2/invoices/cancel', { payment_hash: base64(hash) }))
      },
    },
    close: async () => watch.close(),
  }
}

const post = (path: string, json: object) => ({ method: 'POST', path, json }) as const

// `private` says by which channels it is reached where it has only some that the network does not know.
const create = (to: Backend, wish: InvoiceWish): Promise<Body> => {
  const json = {
    value_msat: String(wish.msat),
    description_hash: base64(termsHash(wish.terms)),
    expiry: String(wish.expirySec),
    private: true,
  }
  if (wish.hold === undefined) return bodyOf(to, post('/v1/invoices', json))
  return bodyOf(to, post('/v2/invoices/hodl', { ...json, hash: base64(wish.hold) }))
}

const lookupIn = async (to: Backend, hash: PaymentHash): Promise<InvoiceStatus> => {
  const reply = await askLnd(to, { path: `/v1/invoice/${hash}` })
  if (!reply.ok) {
    if (isUnknown(reply.error)) return { paymentHash: hash, state: 'unknown', received: null }
    throw faultOf(to, reply.error)
  }
  const status = statusOf(reply.body)
  if (status?.paymentHash !== hash) throw nonsense(to, 'of another invoice than was asked')
  return status
}

const isUnknown = ({ message }: LndError): boolean =>
  /unable to locate invoice|there are no existing invoices/.test(message)

/**
 * Where the macaroon may not ask for the node: an invoice of a sat says on which network it is, and whose key
 * signed it. It lives for a second, and nobody gets to see it.
 */
const placeByInvoice = async (to: Backend, seams: PaymentSeams): Promise<Place> => {
  const wish = { msat: msat(1_000n), terms: 'fedai asks which network this is', expirySec: 1 }
  const invoice = decodeBolt11(String((await create(to, wish)).payment_request))
  if (typeof invoice === 'string') throw nonsense(to, 'with something else than an invoice')
  const net = [seams.net, ...NETS].find((it) => it !== 'sim' && fitsNet(invoice.prefix, it))
  if (net === undefined) throw nonsense(to, 'with an invoice of no network that is known')
  return { net, nodeKey: payeeOf(invoice, seams.secp) }
}
