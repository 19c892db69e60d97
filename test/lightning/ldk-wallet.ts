import * as ldk from 'lightningdevkit'
import { fromHex, sha256, toHex } from '../../src/engine/base/bytes.ts'
import type { Clock } from '../../src/engine/base/clock.ts'
import { Fault } from '../../src/engine/base/fault.ts'
import { type Msat, msat } from '../../src/engine/base/money.ts'
import type {
  Caps,
  InvoiceState,
  InvoiceStatus,
  Issued,
  Wallet,
} from '../../src/engine/payments/wallet.ts'
import { type PaymentHash, paymentHash } from '../../src/engine/protocol/ids.ts'
import type { Lightning } from './ldk.ts'
import { type LdkNode, must } from './ldk-node.ts'

/** What an LDK node can do by nature. It stands for the kind `lnd`: a node of one's own that is asked directly. */
export const LDK_CAPS: Caps = {
  hold: true,
  bind: 'hash',
  granularity: msat(1n),
  push: true,
  spend: false,
  preimage: 'always',
  custodial: false,
}

/** An invoice as a wallet service is asked for it (NIP-47): a hash, or a text that stands in it. */
export type Wish = Readonly<{
  msat: Msat
  named: { hash: Uint8Array } | { text: string }
  expirySec: number
  hold?: PaymentHash
}>

/** The receiving half of an LDK node, which can also be asked as a wallet service is. */
export type LdkWallet = Wallet & { issue(wish: Wish): Promise<Issued>; made(): number }

type Entry = { state: InvoiceState; expires: number; held: boolean; received: Msat | null }

/** Our `Wallet` on a real Lightning node. Expiry is the clock's; LDK sees to all that is between nodes. */
export const ldkWallet = (lightning: Lightning, node: LdkNode, clock: Clock): LdkWallet => {
  const entries = new Map<string, Entry>()
  const waiting = new Map<string, () => void>()
  const listeners = new Set<(status: InvoiceStatus) => void>()

  const statusOf = (hash: PaymentHash): InvoiceStatus => {
    const entry = entries.get(hash)
    if (!entry) return { paymentHash: hash, state: 'unknown', received: null }
    if (entry.state === 'open' && clock.now() >= entry.expires) entry.state = 'canceled'
    const { state, received } = entry
    return { paymentHash: hash, state, received: hasMoney(state) ? received : null }
  }
  const change = (hash: PaymentHash, state: InvoiceState, received: Msat | null): void => {
    Object.assign(entries.get(hash)!, { state, received })
    waiting.get(hash)?.()
    waiting.delete(hash)
    for (const listener of listeners) listener(statusOf(hash))
  }
  const claimable = (event: ldk.Event_PaymentClaimable): void => {
    const hash = paymentHash(toHex(event.payment_hash))
    // It may be an invoice of another wallet on this node.
    if (!entries.has(hash)) return
    if (statusOf(hash).state !== 'open') return node.manager.fail_htlc_backwards(event.payment_hash)
    if (entries.get(hash)!.held) return change(hash, 'accepted', msat(event.amount_msat))
    const known = event.purpose.preimage()
    if (known instanceof ldk.Option_ThirtyTwoBytesZ_Some) node.manager.claim_funds(known.some)
  }
  const end = node.on((event) => {
    if (event instanceof ldk.Event_PaymentClaimable) claimable(event)
    if (!(event instanceof ldk.Event_PaymentClaimed)) return
    const hash = paymentHash(toHex(event.payment_hash))
    if (entries.has(hash)) change(hash, 'settled', msat(event.amount_msat))
  })

  const issue = async (wish: Wish): Promise<Issued> => {
    if (wish.msat === 0n) throw refused('an invoice of nothing')
    if (wish.hold && entries.has(wish.hold)) throw refused('a hash that it has')
    lightning.retime()
    const created = node.manager.create_bolt11_invoice(
      ldk.Option_u64Z.constructor_some(wish.msat),
      descriptionOf(wish),
      ldk.Option_u32Z.constructor_some(wish.expirySec),
      ldk.Option_u16Z.constructor_none(),
      wish.hold
        ? ldk.Option_ThirtyTwoBytesZ.constructor_some(fromHex(wish.hold))
        : ldk.Option_ThirtyTwoBytesZ.constructor_none(),
    )
    const invoice = must('an invoice', created, (it) =>
      it instanceof ldk.Result_Bolt11InvoiceSignOrCreationErrorZ_OK ? it.res : undefined,
    )
    const hash = paymentHash(toHex(invoice.payment_hash()))
    const expires = clock.now() + wish.expirySec * 1000
    entries.set(hash, { state: 'open', expires, held: wish.hold !== undefined, received: null })
    return { bolt11: invoice.to_str(), paymentHash: hash }
  }

  return {
    info: async () => ({ kind: 'lnd', net: 'regtest', nodeKey: toHex(node.id), caps: LDK_CAPS }),
    issue,
    made: () => entries.size,
    createInvoice: ({ terms, ...wish }) => issue({ ...wish, named: { hash: sha256(terms) } }),
    lookup: async (hash) => statusOf(hash),
    subscribe(changed) {
      const listener = (status: InvoiceStatus) => changed(status)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    hold: {
      async settle(preimage) {
        const hash = paymentHash(toHex(sha256(fromHex(preimage))))
        const { state } = statusOf(hash)
        if (state === 'settled') return
        if (state !== 'accepted') throw refused(`to settle what is ${state}`)
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.set(hash, resolve)
        node.manager.claim_funds(fromHex(preimage))
        await promise
      },
      async cancel(hash) {
        const { state } = statusOf(hash)
        if (state === 'canceled') return
        if (state !== 'accepted' && state !== 'open') throw refused(`to cancel what is ${state}`)
        change(hash, 'canceled', null)
        if (state === 'accepted') node.manager.fail_htlc_backwards(fromHex(hash))
      },
    },
    async close() {
      end()
      listeners.clear()
    },
  }
}

const hasMoney = (state: InvoiceState): boolean => state === 'accepted' || state === 'settled'

const refused = (what: string): Fault =>
  new Fault('unavailable', 'wallet.refused', `the wallet refuses ${what}`)

const descriptionOf = ({ named }: Wish): ldk.Bolt11InvoiceDescription => {
  if ('hash' in named)
    return ldk.Bolt11InvoiceDescription.constructor_hash(
      ldk.Sha256.constructor_from_bytes(named.hash),
    )
  const made = ldk.Description.constructor_new(named.text)
  return ldk.Bolt11InvoiceDescription.constructor_direct(
    must('a description', made, (it) =>
      it instanceof ldk.Result_DescriptionCreationErrorZ_OK ? it.res : undefined,
    ),
  )
}
