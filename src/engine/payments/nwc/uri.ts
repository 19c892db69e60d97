import { fromHex } from '../../base/bytes.ts'
import { Fault } from '../../base/fault.ts'
import type { Secp256k1 } from '../../identity/seams.ts'
import { type PubKey, pubKey } from '../../protocol/ids.ts'
import { checkAddress } from '../../transport/dial.ts'

/** What a connection string of NIP-47 names: the wallet service's key, where it listens, and the secret of our side. */
export type NwcUri = Readonly<{ wallet: PubKey; relays: readonly string[]; secret: Uint8Array }>

/** Every request goes to all of them. */
const MOST_RELAYS = 8

/**
 * Parses `nostr+walletconnect://KEY?relay=…&relay=…&secret=…`. Its `lud16` is nobody's here.
 * @throws Fault `usage` `wallet.connection`; it quotes nothing of the text, which holds a secret
 */
export const parseNwcUri = (uri: string, secp: Pick<Secp256k1, 'agree'>): NwcUri => {
  const url = URL.parse(uri.trim())
  if (url?.protocol !== 'nostr+walletconnect:') throw wrong('is none of NIP-47')
  const wallet = (url.host || url.pathname).toLowerCase()
  if (!HEX32.test(wallet)) throw wrong('does not name the key of its wallet, 64 hex digits')
  const secret = url.searchParams.get('secret')?.toLowerCase() ?? ''
  if (!HEX32.test(secret)) throw wrong('has no secret of 64 hex digits')
  if (!canTalk(wallet, secret, secp)) throw wrong('has a key or a secret that cannot be one')
  const relays = [...new Set(url.searchParams.getAll('relay'))]
  if (relays.length === 0) throw wrong('names no relay')
  if (relays.length > MOST_RELAYS) throw wrong(`names more than ${MOST_RELAYS} relays`)
  if (!relays.every(mayBeDialled))
    throw wrong('names a relay that is not wss://, or ws:// of this machine or a private network')
  return { wallet: pubKey(wallet), relays, secret: fromHex(secret) }
}

const HEX32 = /^[0-9a-f]{64}$/

// Half of all numbers are no key.
const canTalk = (wallet: string, secret: string, secp: Pick<Secp256k1, 'agree'>): boolean => {
  try {
    return secp.agree(fromHex(secret), fromHex(wallet)) !== null
  } catch {
    return false
  }
}

const mayBeDialled = (relay: string): boolean => {
  try {
    checkAddress(relay)
    return true
  } catch {
    return false
  }
}

const wrong = (what: string): Fault =>
  new Fault('usage', 'wallet.connection', `the connection string of the wallet ${what}`, {
    hint: 'copy the whole of it from the wallet: nostr+walletconnect://KEY?relay=wss://RELAY&secret=HEX',
  })
