import type { PaymentHash } from '../../protocol/ids.ts'
import { hashOfPreimage } from '../../protocol/preimage.ts'
import type { InvoiceState, InvoiceStatus, Wallet } from '../wallet.ts'
import type { NwcClient } from './client.ts'
import { faultOf } from './faults.ts'

/** Settles and cancels held invoices. What a wallet says to a second time differs; what it then has on record counts. */
export const holdOver = (
  client: NwcClient,
  lookup: (hash: PaymentHash) => Promise<InvoiceStatus>,
): NonNullable<Wallet['hold']> => {
  const end = async (
    hash: PaymentHash,
    wanted: InvoiceState,
    method: string,
    params: object,
  ): Promise<void> => {
    const outcome = await client.call(method, params)
    if (outcome.state === 'done') return
    const status = await lookup(hash).catch(() => null)
    if (status?.state !== wanted) throw faultOf(client, method, outcome)
  }
  return {
    settle: (preimage) =>
      end(hashOfPreimage(preimage), 'settled', 'settle_hold_invoice', { preimage }),
    cancel: (hash) => end(hash, 'canceled', 'cancel_hold_invoice', { payment_hash: hash }),
  }
}
