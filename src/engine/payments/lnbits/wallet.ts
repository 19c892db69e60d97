import { msat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { ask, nonsense } from '../http.ts'
import { watchByAsking } from '../http-watch.ts'
import { checkWish, issued, readInvoice } from '../issued.ts'
import type { InvoiceStatus, InvoiceWish, Issued, PaymentSeams, Wallet } from '../wallet.ts'
import {
  CAPS,
  type Described,
  type LnbitsConnection,
  createdIn,
  creation,
  describeLnbits,
  lnbitsBackend,
  rowOf,
} from './api.ts'

/**
 * The receiving half of a wallet in LNbits, for which its invoice key is enough. What LNbits shows of a preimage is
 * never looked at: it may show one before anything was paid. `subscribe` tells of invoices that this object made.
 * @throws Fault `config` `wallet.plain_http`
 */
export const openLnbitsWallet = async (
  connection: LnbitsConnection,
  seams: PaymentSeams,
): Promise<Wallet> => {
  const { clock, net } = seams
  const to = lnbitsBackend(connection, clock)
  let described: Described | undefined
  const describe = async (): Promise<Described> => (described ??= await describeLnbits(to, seams))

  const createInvoice = async (wish: InvoiceWish): Promise<Issued> => {
    checkWish(to, wish, CAPS)
    const { bind } = await describe()
    const answer = await ask(to, creation(wish, bind))
    const invoice = issued(to, createdIn(to, answer), wish, { net, bind })
    watch.add(invoice.paymentHash)
    return invoice
  }

  const lookup = async (paymentHash: PaymentHash): Promise<InvoiceStatus> => {
    const row = await rowOf(to, paymentHash)
    if (!row || row.amount < 0) return { paymentHash, state: 'unknown', received: null }
    const { bolt11, amount } = row
    if (row.paid) return { paymentHash, state: 'settled', received: msat(BigInt(amount)) }
    const invoice = readInvoice(to, bolt11, net)
    if (invoice.paymentHash !== paymentHash) throw nonsense(to, 'of another invoice')
    const ended = clock.now() - (invoice.timestamp + invoice.expirySec) * 1_000 > LATE_MS
    const canceled = row.status === 'failed' || ended
    return { paymentHash, state: canceled ? 'canceled' : 'open', received: null }
  }

  const watch = watchByAsking(lookup, clock)
  return {
    info: async () => (await describe()).info,
    createInvoice,
    lookup,
    subscribe: watch.subscribe,
    close: async () => watch.close(),
  }
}

/** LNbits may count a payment some time after it arrived: so long after its end, ms, an invoice stays unpaid. */
const LATE_MS = 60_000
