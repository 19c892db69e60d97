import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { type FakeNode, hashOf } from './lnd-node.ts'

/** A command. */
export type Run = (params: Record<string, unknown>) => unknown

/** An error of a command: its status is 500, but for those of the door. */
export class Failure extends Error {
  constructor(
    readonly code: number | null,
    message: string,
    readonly status = 500,
  ) {
    super(message)
  }
}

/** Those of the plugin; its errors have the code −32700. */
export const holdMethods = (node: FakeNode): Record<string, Run> => ({
  injectholdinvoice: ({ invoice: bolt11 }) => {
    const it = decodeBolt11(String(bolt11))
    if (typeof it === 'string') throw new Failure(-32700, 'missing field `invoice`')
    if (node.invoices.has(it.paymentHash)) throw new Failure(-32700, 'UNIQUE constraint failed')
    node.keep({
      bolt11: String(bolt11),
      hash: it.paymentHash,
      preimage: null,
      held: true,
      msat: it.msat!,
      created: it.timestamp,
      // Of what expires the plugin knows nothing.
      expires: Infinity,
    })
    return {}
  },
  listholdinvoices: ({ payment_hash }) => {
    const it = node.invoices.get(String(payment_hash))
    if (!it?.held) return { holdinvoices: [] }
    const state = {
      open: 'unpaid',
      accepted: 'accepted',
      settled: 'paid',
      canceled: 'cancelled',
    }[it.state]
    const htlcs = it.received ? [{ state, msat: Number(it.received) }] : []
    return { holdinvoices: [{ payment_hash, invoice: it.bolt11, state, htlcs }] }
  },
  settleholdinvoice: ({ preimage }) => {
    const it = node.invoices.get(hashOf(String(preimage ?? '')))
    if (!it?.held) throw new Failure(-32700, 'invoice not found')
    if (it.state !== 'settled') node.settle(it, String(preimage))
    return {}
  },
  cancelholdinvoice: ({ payment_hash }) => {
    const it = node.invoices.get(String(payment_hash))
    if (!it?.held) throw new Failure(-32700, 'invoice not found')
    if (it.state !== 'canceled') node.cancel(it)
    return {}
  },
})
