import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { msat } from '../../src/engine/base/money.ts'
import type { Payer, Payment } from '../../src/engine/payments/payer.ts'
import type { InvoiceStatus, Issued, Wallet } from '../../src/engine/payments/wallet.ts'
import { type PaymentHash, paymentHash, preimage } from '../../src/engine/protocol/ids.ts'
import { openNwcService } from '../lightning/nwc-service.ts'
import type { Wish } from '../lightning/ldk-wallet.ts'
import { type FakeInvoice, FakeNode, type FakePayment, type FakeSeams } from './lnd-node.ts'

/** A wallet service of NIP-47 before a node without a network. @param options.relay where it is reached */
export const fakeNwc = async (
  seams: FakeSeams,
  {
    relay,
    methods,
    node = new FakeNode(seams),
  }: Readonly<{ relay: string; methods: readonly string[]; node?: FakeNode }>,
) => {
  const { clock } = seams
  const parts = { wallet: walletOf(node), payer: payerOf(node) }
  const service = await openNwcService({ ...parts, clock, relays: [relay], methods })
  return { ...service, node }
}

const infoOf = async (node: FakeNode) =>
  ({
    kind: 'lnd',
    net: 'regtest',
    nodeKey: node.key,
    caps: {
      hold: true,
      bind: 'hash',
      granularity: msat(1n),
      push: true,
      spend: true,
      preimage: 'always',
      custodial: false,
    },
  }) as const

const walletOf = (node: FakeNode): Wallet & { issue(wish: Wish): Promise<Issued> } => {
  const issue = async ({ msat: amount, named, expirySec, hold }: Wish): Promise<Issued> => {
    if (!('hash' in named)) throw new Error('it names invoices by a hash alone')
    const descriptionHash = toHex(named.hash)
    const it = node.invoice({
      msat: amount,
      descriptionHash,
      expirySec,
      ...(hold && { hash: hold }),
    })
    return { bolt11: it.bolt11, paymentHash: paymentHash(it.hash) }
  }
  return {
    info: () => infoOf(node),
    issue,
    createInvoice: ({ terms, ...wish }) => issue({ ...wish, named: { hash: sha256(terms) } }),
    lookup: async (hash) => statusOf(hash, node.find(hash)),
    subscribe: (changed) => node.onInvoice((it) => changed(statusOf(paymentHash(it.hash), it))),
    hold: {
      settle: async (secret) =>
        node.settle(node.find(toHex(sha256(Uint8Array.fromHex(secret))))!, secret),
      cancel: async (hash) => node.cancel(node.find(hash)!),
    },
    close: async () => {},
  }
}

const statusOf = (hash: PaymentHash, it: FakeInvoice | undefined): InvoiceStatus => ({
  paymentHash: hash,
  state: it?.state ?? 'unknown',
  received: it?.received ? msat(it.received) : null,
})

const payerOf = (node: FakeNode): Payer => ({
  info: () => infoOf(node),
  pay: async (bolt11, { maxFee }) => paymentOf(await node.pay(bolt11, maxFee)),
  payStatus: async (hash) => {
    const it = node.payments.get(hash)
    return it ? paymentOf(it) : null
  },
  close: async () => {},
})

const paymentOf = (it: FakePayment): Payment => {
  if (it.state === 'inflight') return { state: 'inflight' }
  return it.state === 'settled'
    ? { state: 'settled', preimage: preimage(it.preimage!), fee: msat(it.fee) }
    : { state: 'failed', reason: it.failure ?? 'other' }
}
