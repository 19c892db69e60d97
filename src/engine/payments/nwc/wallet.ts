import { isFault } from '../../base/fault.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { termsHash, termsMemo } from '../../protocol/terms.ts'
import type { Connection } from '../connection.ts'
import { checkWish, issued } from '../issued.ts'
import type { InvoiceWish, Issued, PaymentSeams, Wallet } from '../wallet.ts'
import { type Abilities, abilitiesOf, needMethods } from './abilities.ts'
import { type NwcClient, openNwcClient } from './client.ts'
import { GRANULARITY, holds, infoOf, pushes } from './describe.ts'
import { resultOf } from './faults.ts'
import { holdOver } from './hold.ts'
import { invoiceStatus, lookUp } from './transaction.ts'
import { parseNwcUri } from './uri.ts'
import { watchInvoices } from './watch.ts'

export type NwcConnection = Extract<Connection, { kind: 'nwc' }>

/**
 * The receiving half of a wallet that is asked over Nostr relays (NIP-47, NIP-44). It was asked once when this
 * resolves: what the connection may do is known from then on.
 * @throws Fault `usage` `wallet.connection`; those of `Wallet`, `wallet.credential` also for a wallet that speaks
 * NIP-04 alone or lets this connection make and look up no invoices
 */
export const openNwcWallet = async (
  connection: NwcConnection,
  seams: PaymentSeams,
): Promise<Wallet> => {
  const client = openNwcClient(parseNwcUri(connection.uri, seams.secp), seams)
  try {
    const abilities = await abilitiesOf(client)
    needMethods(client, abilities, ['make_invoice', 'lookup_invoice'])
    return walletOver(client, abilities, seams)
  } catch (fault) {
    client.close()
    throw fault
  }
}

/** How an invoice names its terms: by their hash, until it turns out that the wallet takes none. */
type Bind = 'hash' | 'memo'

const walletOver = (client: NwcClient, abilities: Abilities, seams: PaymentSeams): Wallet => {
  const { clock, net } = seams
  const hold = holds(abilities)
  let bind: Bind = 'hash'

  const make = async (wish: InvoiceWish, by: Bind): Promise<Issued> => {
    const method = wish.hold ? 'make_hold_invoice' : 'make_invoice'
    const { invoice, payment_hash } = await resultOf(client, method, paramsOf(wish, by))
    const said = { bolt11: invoice, paymentHash: payment_hash || undefined }
    return issued(client, said, wish, { net, bind: by })
  }
  const makeOneWay = async (wish: InvoiceWish): Promise<Issued> => {
    try {
      return await make(wish, bind)
    } catch (fault) {
      // Wallets have no common word for a hash that they do not take: some refuse it, some leave it out.
      const other = isFault(fault) && /^wallet\.(refused|answer)$/.test(fault.code)
      if (bind === 'memo' || !other) throw fault
      const made = await make(wish, 'memo').catch(() => undefined)
      if (!made) throw fault
      bind = 'memo'
      return made
    }
  }
  const lookup = async (hash: PaymentHash) =>
    invoiceStatus(hash, await lookUp(client, hash), clock.now())

  const watch = watchInvoices(lookup, clock, pushes(abilities))
  client.onNews(watch.news)
  return {
    info: async () => infoOf(await abilitiesOf(client), { net, bind, hold }),
    async createInvoice(wish) {
      checkWish(client, wish, { granularity: GRANULARITY, hold })
      const made = await makeOneWay(wish)
      watch.add(made.paymentHash)
      return made
    },
    lookup,
    subscribe: watch.subscribe,
    ...(hold && { hold: holdOver(client, lookup) }),
    async close() {
      watch.close()
      client.close()
    },
  }
}

const paramsOf = (wish: InvoiceWish, by: Bind): object => ({
  amount: Number(wish.msat),
  expiry: wish.expirySec,
  ...(by === 'hash'
    ? { description_hash: termsHash(wish.terms) }
    : { description: termsMemo(wish.terms) }),
  ...(wish.hold && { payment_hash: wish.hold }),
})
