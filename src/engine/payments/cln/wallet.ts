import type { PaymentHash } from '../../protocol/ids.ts'
import { checkWish, issued } from '../issued.ts'
import { checkLife, living } from '../life.ts'
import type { InvoiceStatus, PaymentSeams, Wallet } from '../wallet.ts'
import { canHold, clnHold } from './hold.ts'
import { clnCaps, type Place, placeOf } from './info.ts'
import { create, statusOf } from './invoice.ts'
import { clnBackend, type ClnConnection } from './rest.ts'
import { canSpend } from './rune.ts'
import { watchCln } from './watch.ts'

/**
 * The receiving half of a Core Lightning node (clnrest). Its rune needs the methods invoice, listinvoices,
 * waitanyinvoice and getinfo; where it may use those of the plugin hold, too, invoices can be held.
 * @throws Fault `config` `wallet.plain_http`; those of `Wallet`, since it asks for the plugin
 */
export const openClnWallet = async (
  connection: ClnConnection,
  seams: PaymentSeams,
): Promise<Wallet> => {
  const to = clnBackend(connection, seams.clock)
  const holds = await canHold(to)
  const caps = clnCaps(canSpend(connection.rune), holds)
  const hold = clnHold(to, seams)
  let place: Place | undefined

  const lookup = async (hash: PaymentHash): Promise<InvoiceStatus> => {
    const status = (await statusOf(to, hash)) ?? (holds ? await hold.lookup(hash) : null)
    return status ?? { paymentHash: hash, state: 'unknown', received: null }
  }
  const watch = watchCln(to, seams.clock, lookup)

  return {
    async info() {
      place ??= await placeOf(to)
      return { kind: 'cln', ...place, caps }
    },
    async createInvoice(wish) {
      checkWish(to, wish, caps)
      checkLife(to, wish.expirySec)
      const said =
        wish.hold === undefined
          ? await create(to, wish)
          : { bolt11: await hold.create(wish, wish.hold) }
      const asked = { net: seams.net, bind: caps.bind }
      const { bolt11, payment_hash: paymentHash } = said
      const made = issued(to, { bolt11, paymentHash }, wish, asked)
      living(to, made, wish.expirySec)
      watch.add(made.paymentHash, wish.hold !== undefined)
      return made
    },
    lookup,
    subscribe: watch.subscribe,
    ...(holds && { hold: { settle: hold.settle, cancel: hold.cancel } }),
    close: async () => watch.close(),
  }
}
