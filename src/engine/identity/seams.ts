import type { Draft, Signed } from '../protocol/event.ts'
import type { PubKey } from '../protocol/ids.ts'

/**
 * BIP-340 behind one seam: the system's libsecp256k1, tiny-secp256k1's wasm, or noble.
 * All three give identical verdicts; `secp256k1.ts` picks one at start.
 */
export interface Secp256k1 {
  readonly backend: 'libsecp256k1' | 'wasm' | 'noble'
  /** True when `sig` (64 bytes) signs `hash` (32 bytes) under the x-only `key` (32 bytes). Never throws. */
  verify(sig: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean
  /** Signs `hash` (32 bytes) with `secret` (32 bytes); `aux` is 32 bytes of auxiliary randomness. */
  sign(hash: Uint8Array, secret: Uint8Array, aux: Uint8Array): Uint8Array
  /** The x-only public key of a secret; throws RangeError where 32 bytes are no valid secret. */
  publicKey(secret: Uint8Array): Uint8Array
}

/** Someone who can sign: a key of ours, in memory. The secret never leaves it. */
export interface Signer {
  readonly pubkey: PubKey
  sign(draft: Draft): Signed
  /** HMAC-SHA-256 of a label under the secret: keys derived for one purpose. */
  derive(label: string): Uint8Array
}
