import { toHex } from '../../base/bytes.ts'
import { toSec } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { encodeBolt11 } from '../../protocol/bolt11/encode.ts'
import { prefixOf } from '../../protocol/bolt11/invoice.ts'
import type { PaymentHash, Preimage } from '../../protocol/ids.ts'
import { hashOfPreimage } from '../../protocol/preimage.ts'
import { termsHash } from '../../protocol/terms.ts'
import { type Backend, isObject, nonsense, refused } from '../http.ts'
import type { InvoiceState, InvoiceStatus, InvoiceWish, PaymentSeams } from '../wallet.ts'
import { secondsLeft } from '../life.ts'
import { amountIn, type Body, bodyOf, isUnknownMethod, runCln } from './rest.ts'

/**
 * Held invoices of Core Lightning, by the plugin hold of Boltz (0.3 and later). Its `holdinvoice` names no terms, so
 * the invoice is written here, signed by the node and given to the plugin. It names no private channels: whoever
 * pays has to find the node by a public one.
 */
export type ClnHold = Readonly<{
  create(wish: InvoiceWish, hash: PaymentHash): Promise<string>
  /** null where the plugin has no such invoice. */
  lookup(hash: PaymentHash): Promise<InvoiceStatus | null>
  settle(preimage: Preimage): Promise<void>
  cancel(hash: PaymentHash): Promise<void>
}>

const METHODS = [
  'signinvoice',
  'injectholdinvoice',
  'listholdinvoices',
  'settleholdinvoice',
  'cancelholdinvoice',
]

/**
 * Whether the node has the plugin and the rune may use all of it: each method is asked for nothing, which it refuses.
 * @throws Fault those of `Wallet` but `wallet.credential`
 */
export const canHold = async (to: Backend): Promise<boolean> => {
  for (const method of METHODS) {
    const params = method === 'listholdinvoices' ? { payment_hash: '00'.repeat(32) } : {}
    const reply = await runCln(to, method, params).catch((fault: unknown) => {
      if (fault instanceof Error && 'kind' in fault && fault.kind === 'config') return null
      throw fault
    })
    if (reply === null || (!reply.ok && isUnknownMethod(reply.error))) return false
  }
  return true
}

/** What the plugin gives its own invoices. */
const MIN_FINAL_CLTV = 80
/** var_onion and payment_secret are needed, parts are taken (BOLT 9). */
const FEATURES = [8, 14, 17]

export const clnHold = (to: Backend, seams: PaymentSeams): ClnHold => {
  const { clock, random, secp, net } = seams

  const found = async (hash: PaymentHash): Promise<Held | null> => {
    const { holdinvoices: all } = await bodyOf(to, 'listholdinvoices', { payment_hash: hash })
    if (!Array.isArray(all)) throw nonsense(to, 'with no list of held invoices')
    return all.length === 0 ? null : heldIn(to, all[0], hash)
  }
  const cancel = async (hash: PaymentHash): Promise<void> =>
    void (await bodyOf(to, 'cancelholdinvoice', { payment_hash: hash }))

  return {
    async create(wish, hash) {
      const draft = {
        prefix: prefixOf(net),
        msat: wish.msat,
        timestamp: toSec(clock.now()),
        expirySec: wish.expirySec,
        paymentHash: hash,
        paymentSecret: toHex(random.bytes(32)),
        description: null,
        descriptionHash: termsHash(wish.terms),
        minFinalCltv: MIN_FINAL_CLTV,
        features: FEATURES,
      }
      // The node signs it anew, whoever did before.
      const unsigned = encodeBolt11(draft, (digest) =>
        secp.signRecoverable(digest, random.bytes(32)),
      )
      const { bolt11 } = await bodyOf(to, 'signinvoice', { invstring: unsigned })
      if (typeof bolt11 !== 'string') throw nonsense(to, 'without an invoice')
      await bodyOf(to, 'injectholdinvoice', { invoice: bolt11 })
      return bolt11
    },
    async lookup(hash) {
      const it = await found(hash)
      if (!it) return null
      if (it.state !== 'open') return { paymentHash: hash, state: it.state, received: it.received }
      // The plugin takes payments of an invoice that has expired.
      const invoice = decodeBolt11(it.bolt11)
      if (typeof invoice === 'string' || secondsLeft(invoice, clock) > 0)
        return { paymentHash: hash, state: 'open', received: null }
      await cancel(hash)
      return { paymentHash: hash, state: 'canceled', received: null }
    },
    async settle(preimage) {
      // Of one that nobody paid some versions would give the preimage away.
      const hash = hashOfPreimage(preimage)
      const it = await found(hash)
      if (it?.state === 'settled') return
      if (it?.state !== 'accepted')
        throw refused(to, it ? 'holds no payment for this invoice' : 'has no such invoice')
      await bodyOf(to, 'settleholdinvoice', { preimage })
    },
    async cancel(hash) {
      const it = await found(hash)
      if (!it || it.state === 'settled')
        throw refused(to, it ? 'has settled this invoice' : 'has no such invoice')
      if (it.state !== 'canceled') await cancel(hash)
    },
  }
}

type Held = Pick<InvoiceStatus, 'state' | 'received'> & Readonly<{ bolt11: string }>

const STATES: Readonly<Record<string, InvoiceState>> = {
  unpaid: 'open',
  accepted: 'accepted',
  paid: 'settled',
  cancelled: 'canceled',
}

const heldIn = (to: Backend, it: unknown, hash: PaymentHash): Held => {
  const state = isObject(it) ? STATES[String(it.state)] : undefined
  if (!isObject(it) || state === undefined || it.payment_hash !== hash)
    throw nonsense(to, 'of another invoice than was asked')
  const arrived = state === 'accepted' || state === 'settled'
  // It was called bolt11 before there were invoices of BOLT 12.
  const bolt11 = String(it.invoice ?? it.bolt11)
  return { state, bolt11, received: arrived ? msat(sumOf(it.htlcs)) : null }
}

const sumOf = (htlcs: unknown): bigint =>
  (Array.isArray(htlcs) ? htlcs : [])
    .filter((it): it is Body => isObject(it) && it.state !== 'cancelled')
    .reduce((sum, { msat: amount }) => sum + (amountIn(amount) ?? 0n), 0n)
