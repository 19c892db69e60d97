import { decode, npubEncode, nsecEncode } from 'nostr-tools/nip19'
import { fromHex } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { type PubKey, pubKey } from '../protocol/ids.ts'
import { type AskPassphrase, decryptSecret } from './passphrase.ts'

// Errors in here carry no `cause` and do not repeat what was typed: bech32 libraries put the
// whole text into their messages, and a key in the wrong place is mostly a secret one.

/**
 * A secret key as people keep it: `nsec1…` (NIP-19), 64 hex digits, or `ncryptsec1…` (NIP-49).
 * @param ask called where a passphrase is needed
 * @returns 32 bytes
 * @throws Fault `config` `key.format` | `key.passphrase`
 */
export const parseSecret = async (text: string, ask?: AskPassphrase): Promise<Uint8Array> => {
  const trimmed = text.trim()
  if (trimmed.startsWith('ncryptsec1')) return decryptSecret(trimmed, ask)
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return fromHex(trimmed)
  const decoded = decoded19(trimmed)
  if (decoded?.type === 'nsec') return decoded.data
  throw new Fault(
    'config',
    'key.format',
    decoded?.type === 'npub'
      ? 'this is a public key, and a secret one is needed'
      : 'this is not a secret key',
    { hint: 'give nsec1…, ncryptsec1… or 64 hex digits' },
  )
}

/** `nsec1…` of 32 secret bytes: for key files and exports only. */
export const nsec = (secret: Uint8Array): string => nsecEncode(secret)

/** `npub1…` of a public key (NIP-19). */
export const npub = (key: PubKey): string => npubEncode(key)

/** A public key for people: `npub1q7…k2f`. */
export const shortNpub = (key: PubKey): string => {
  const whole = npub(key)
  return `${whole.slice(0, 7)}…${whole.slice(-3)}`
}

/**
 * The public key of an `npub1…`.
 * @param what named in the error: `--router`
 * @throws Fault `usage` `key.npub`
 */
export const parseNpub = (text: string, what = 'the key'): PubKey => {
  const decoded = decoded19(text.trim())
  if (decoded?.type === 'npub') return decoded.data as PubKey
  if (decoded?.type === 'nsec')
    throw new Fault('usage', 'key.npub', `${what} is a secret key, and a public one is needed`, {
      hint: 'give npub1…, and replace that secret: it has been shown',
    })
  throw new Fault('usage', 'key.npub', `${what} is not a public key`, {
    hint: 'give npub1…, 63 characters; one that is mistyped does not pass its checksum',
  })
}

/**
 * A public key as `npub1…`, or as `--json` shows keys: 64 hex digits.
 * @param what named in the error: `this`
 * @throws Fault `usage` `key.npub`
 */
export const parseKey = (text: string, what = 'the key'): PubKey =>
  /^[0-9a-f]{64}$/i.test(text.trim()) ? pubKey(text.trim().toLowerCase()) : parseNpub(text, what)

/** Somebody at an address, with the key that must answer there. */
export type Pinned = Readonly<{ key: PubKey; address: string }>

/**
 * Parses `npub1…@ws://host:port`: an address and the key it is pinned to.
 * @param what named in the error: `--router`
 * @returns the address without a trailing slash
 * @throws Fault `usage` `pinned.format` | `pinned.address` | `key.npub`
 */
export const parsePinned = (text: string, what = 'the address'): Pinned => {
  const [, keyText, addressText] = /^([^@]{1,200})@(.{1,2000})$/.exec(text.trim()) ?? []
  if (!keyText || !addressText)
    throw new Fault('usage', 'pinned.format', `${what} does not say whose key answers there`, {
      hint: 'write npub1…@ws://host:port, as the router prints it',
    })
  return { key: parseNpub(keyText, `the key in ${what}`), address: parseAddress(addressText, what) }
}

const parseAddress = (text: string, what: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain =
    url !== undefined &&
    (url.protocol === 'ws:' || url.protocol === 'wss:') &&
    url.hostname !== '' &&
    url.username === '' &&
    url.password === '' &&
    url.hash === ''
  if (!plain)
    throw new Fault('usage', 'pinned.address', `${what} has no WebSocket address after the @`, {
      hint: 'write npub1…@ws://host:port or npub1…@wss://host',
    })
  return url.href.replace(/\/$/, '')
}

const decoded19 = (text: string): ReturnType<typeof decode> | undefined => {
  try {
    return decode(text)
  } catch {
    return undefined
  }
}
