import { type LndAccess, lndAsk, lndCall } from './rest.ts'

/** What people do with an lnd, without our adapter: tests compare the two. Hashes and preimages are hex. */

export type PlainInvoice = Readonly<{
  bolt11: string
  hash: string
  /** msat that arrived, once it is settled. */
  received(): Promise<bigint>
}>

/** Makes an invoice; one that is held, where a hash is given. */
export const makeInvoice = async (
  node: LndAccess,
  wish: Readonly<{ msat: bigint; expirySec: number; hash?: string }>,
): Promise<PlainInvoice> => {
  const order = { value_msat: String(wish.msat), expiry: String(wish.expirySec) }
  type Made = { payment_request: string; r_hash?: string }
  const made = await (wish.hash === undefined
    ? lndAsk<Made>(node, '/v1/invoices', order)
    : lndAsk<Made>(node, '/v2/invoices/hodl', { ...order, hash: base64(wish.hash) }))
  const hash = wish.hash ?? Uint8Array.fromBase64(made.r_hash ?? '').toHex()
  return {
    bolt11: made.payment_request,
    hash,
    received: async () => {
      type Invoice = { state: string; amt_paid_msat: string }
      const it = await lndAsk<Invoice>(node, `/v1/invoice/${hash}`)
      return it.state === 'SETTLED' ? BigInt(it.amt_paid_msat) : 0n
    },
  }
}

export const settleInvoice = async (node: LndAccess, preimage: string): Promise<void> =>
  void (await lndAsk(node, '/v2/invoices/settle', { preimage: base64(preimage) }))

export const cancelInvoice = async (node: LndAccess, hash: string): Promise<void> =>
  void (await lndAsk(node, '/v2/invoices/cancel', { payment_hash: base64(hash) }))

/** How many invoices a node has made. */
export const countInvoices = async (node: LndAccess): Promise<number> => {
  type Last = { last_index_offset: string }
  const path = '/v1/invoices?reversed=true&num_max_invoices=1'
  return Number((await lndAsk<Last>(node, path)).last_index_offset)
}

/** Pays an invoice, and waits for its end. */
export const payInvoice = async (
  node: LndAccess,
  bolt11: string,
): Promise<'settled' | 'failed'> => {
  const order = { payment_request: bolt11, timeout_seconds: 60, fee_limit_msat: '100000' }
  const { body } = await lndCall(node, '/v2/router/send', { ...order, no_inflight_updates: true })
  const { status } = (body.result ?? {}) as { status?: string }
  return status === 'SUCCEEDED' ? 'settled' : 'failed'
}

/** What a node has in its channels, in msat. */
export const balanceOf = async (node: LndAccess): Promise<bigint> => {
  type Balance = { local_balance: { msat: string } }
  return BigInt((await lndAsk<Balance>(node, '/v1/balance/channels')).local_balance.msat)
}

/** Whether nothing is on its way through a node. */
export const isQuiet = async (node: LndAccess): Promise<boolean> => {
  type Channels = { channels: { pending_htlcs: unknown[] }[] }
  const { channels } = await lndAsk<Channels>(node, '/v1/channels')
  return channels.every((it) => it.pending_htlcs.length === 0)
}

const base64 = (hex: string): string => Uint8Array.fromHex(hex).toBase64()
