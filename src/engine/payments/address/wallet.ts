import { type Msat, msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { fitsNet } from '../../protocol/bolt11/invoice.ts'
import { payeeOf } from '../../protocol/bolt11/payee.ts'
import { NETS, type Net } from '../../protocol/event.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import type { Connection } from '../connection.ts'
import { nonsense, refused } from '../http.ts'
import { watchByAsking } from '../http-watch.ts'
import { checkWish, issued, readInvoice } from '../issued.ts'
import type {
  Caps,
  InvoiceStatus,
  InvoiceWish,
  Issued,
  PaymentSeams,
  Wallet,
  WalletInfo,
} from '../wallet.ts'
import { type AddressOptions, addressBackend, invoiceOf, serviceOf, verified } from './lnurl.ts'

export const CAPS: Caps = {
  hold: false,
  // Its invoices commit to the service's own text (LUD-06): terms are bound by the payee's Nostr signature alone.
  bind: 'none',
  granularity: msat(1_000n),
  push: false,
  spend: false,
  preimage: 'never',
  // Nobody can tell from outside; with most addresses it is so.
  custodial: true,
}

/** Invoices whose end may still be asked for; the oldest go. */
const MOST_KEPT = 1_000
/** A service may count a payment some time after it arrived: so long after its end, ms, an invoice stays unpaid. */
const LATE_MS = 60_000

/**
 * A Lightning address: it receives, and whether it did its service says (LUD-21), which is the wallet here. Where
 * the service asks about an invoice by its payment hash, so can a later process; else only the one that made it.
 */
export const openAddressWallet = async (
  { address }: Extract<Connection, { kind: 'address' }>,
  { clock, net, secp }: PaymentSeams,
  options: AddressOptions = {},
): Promise<Wallet> => {
  const [user = '', domain = ''] = address.split('@')
  const to = addressBackend(domain, clock, options)
  const verifyAt = new Map<PaymentHash, string>()
  let pattern: string | undefined
  let info: WalletInfo | undefined

  const keep = (hash: PaymentHash, verify: string): void => {
    verifyAt.set(hash, verify)
    if (verifyAt.size > MOST_KEPT) verifyAt.delete(verifyAt.keys().next().value!)
    if (verify.includes(hash)) pattern = verify.replaceAll(hash, HASH)
  }

  /** No service says its network: an invoice over its least amount, which nobody is given, does. */
  const describe = async (): Promise<WalletInfo> => {
    const service = await serviceOf(to, user)
    const { bolt11, verify } = await invoiceOf(to, service, wholeSats(service.least))
    const invoice = decodeBolt11(String(bolt11))
    if (typeof invoice === 'string') throw nonsense(to, 'with something else than an invoice')
    keep(invoice.paymentHash, verify)
    const on = NETS.find((it): it is Net => it !== 'sim' && fitsNet(invoice.prefix, it))!
    return { kind: 'address', net: on, nodeKey: payeeOf(invoice, secp), caps: CAPS }
  }

  const createInvoice = async (wish: InvoiceWish): Promise<Issued> => {
    checkWish(to, wish, CAPS)
    const service = await serviceOf(to, user)
    if (wish.msat < service.least || wish.msat > service.most)
      throw refused(to, `takes ${service.least} to ${service.most} msat`)
    const { bolt11, verify } = await invoiceOf(to, service, wish.msat)
    const invoice = issued(to, { bolt11 }, wish, { net, bind: CAPS.bind })
    if (readInvoice(to, bolt11, net).descriptionHash !== service.metadataHash)
      throw nonsense(to, 'with an invoice that is not for its own text (LUD-06)')
    keep(invoice.paymentHash, verify)
    watch.add(invoice.paymentHash)
    return invoice
  }

  const lookup = async (paymentHash: PaymentHash): Promise<InvoiceStatus> => {
    const made = verifyAt.get(paymentHash)
    const url = made ?? pattern?.replaceAll(HASH, paymentHash)
    const said = url === undefined ? null : await verified(to, url)
    if (!said && made !== undefined) throw refused(to, 'has lost an invoice that it made')
    if (!said) return { paymentHash, state: 'unknown', received: null }
    const invoice = readInvoice(to, said.bolt11, net)
    if (invoice.paymentHash !== paymentHash || invoice.msat === null)
      throw nonsense(to, 'of another invoice than was asked')
    if (said.settled) return { paymentHash, state: 'settled', received: invoice.msat }
    const ended = clock.now() - (invoice.timestamp + invoice.expirySec) * 1_000 > LATE_MS
    return { paymentHash, state: ended ? 'canceled' : 'open', received: null }
  }

  const watch = watchByAsking(lookup, clock)
  return {
    info: async () => (info ??= await describe()),
    createInvoice,
    lookup,
    subscribe: watch.subscribe,
    close: async () => watch.close(),
  }
}

/** Stands for a payment hash in an address. */
const HASH = '{hash}'

const wholeSats = (amount: bigint): Msat => msat(((amount + 999n) / 1_000n) * 1_000n)
