import { sha256, toHex } from '../../base/bytes.ts'
import { toSec } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { encodeBolt11 } from '../../protocol/bolt11/encode.ts'
import { prefixOf } from '../../protocol/bolt11/invoice.ts'
import type { Net } from '../../protocol/event.ts'
import { paymentHash } from '../../protocol/ids.ts'
import { type Backend, nonsense } from '../http.ts'
import type { Caps, PaymentSeams } from '../wallet.ts'
import { askLnd, faultOf, isDenied } from './rest.ts'

export const lndCaps = (spend: boolean | null): Caps => ({
  hold: true,
  bind: 'hash',
  granularity: msat(1n),
  push: true,
  spend,
  preimage: 'always',
  custodial: false,
})

export type Place = Readonly<{ net: Net; nodeKey: string | null }>

/**
 * The network and the key of the node; null where the macaroon may not ask, as one that was baked with little.
 * @throws Fault those of `Wallet`
 */
export const placeOf = async (to: Backend): Promise<Place | null> => {
  const reply = await askLnd(to, { path: '/v1/getinfo' })
  if (!reply.ok) {
    if (isDenied(reply.error)) return null
    throw faultOf(to, reply.error)
  }
  const { chains, identity_pubkey: key } = reply.body
  const net = Array.isArray(chains) ? netOf((chains[0] as { network?: unknown })?.network) : null
  if (net === null || typeof key !== 'string' || !/^0[23][0-9a-f]{64}$/.test(key))
    throw nonsense(to, 'without a network and the key of its node')
  return { net, nodeKey: key }
}

/**
 * The network, asked with a macaroon that may only read invoices: lnd refuses one of another network, and says
 * on which it is.
 * @throws Fault those of `Wallet`; `config` `wallet.credential` where it may not even do that
 */
export const netByReading = async (to: Backend, seams: PaymentSeams): Promise<Net> => {
  const reply = await askLnd(to, { path: `/v1/payreq/${nobodysInvoice(seams)}` })
  if (reply.ok) return seams.net
  const other = /active network '(\w+)'/.exec(reply.error.message)?.[1]
  const net = other === undefined ? null : netOf(other)
  if (net !== null) return net
  throw faultOf(to, reply.error)
}

/** lnd's names, also those of its chain parameters. */
const netOf = (name: unknown): Net | null => {
  if (typeof name !== 'string') return null
  if (name === 'mainnet') return 'mainnet'
  if (/^(testnet\d?|signet)$/.test(name)) return 'testnet'
  return /^(regtest|simnet)$/.test(name) ? 'regtest' : null
}

/** Sound, signed by a key that everybody has, and never paid. */
const nobodysInvoice = ({ net, secp, clock }: PaymentSeams): string => {
  const nobody = sha256('fedai asks which network this is')
  const draft = {
    prefix: prefixOf(net),
    msat: msat(1_000n),
    timestamp: toSec(clock.now()),
    paymentHash: paymentHash(toHex(sha256(nobody))),
    paymentSecret: toHex(nobody),
    description: 'which network is this',
    descriptionHash: null,
  }
  return encodeBolt11(draft, (hash) => secp.signRecoverable(hash, nobody))
}
