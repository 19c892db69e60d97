import type { Envelope } from '../protocol/envelope.ts'
import type { Draft, Signed, WrittenDraft } from '../protocol/event.ts'
import type { PubKey } from '../protocol/ids.ts'

/**
 * ECDSA as BOLT 11 needs it. Nothing here throws over a signature or a key that is none: the answer
 * is null or false.
 */
export interface Ecdsa {
  /**
   * The compressed key (33 bytes) under which `sig` (64 bytes, high-S too) signs `hash`; null where there
   * is none. There nearly always is one, so it means nothing until it is compared with a key that is known.
   * A `recovery` of 2 or 3 gives null (secp-shapes.ts).
   */
  recover(sig: Uint8Array, recovery: number, hash: Uint8Array): Uint8Array | null
  /** Signs `hash` with `secret`, 32 bytes each: RFC 6979, low-S. Throws RangeError as `sign` does. */
  signRecoverable(hash: Uint8Array, secret: Uint8Array): Recoverable
  /** True when `sig` (64 bytes, low-S only) signs `hash` under the compressed `key` (33 bytes). */
  verifyEcdsa(sig: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean
  /** The compressed public key of a secret, 33 bytes; throws RangeError as `publicKey` does. */
  point(secret: Uint8Array): Uint8Array
}

/** An ECDSA signature of 64 bytes, and which of the possible keys made it: 0 to 3. */
export type Recoverable = Readonly<{ sig: Uint8Array; recovery: number }>

/** BIP-340. */
export interface Schnorr {
  readonly backend: 'libsecp256k1' | 'wasm' | 'noble'
  /** True when `sig` (64 bytes) signs `hash` (32 bytes) under the x-only `key` (32 bytes). Never throws. */
  verify(sig: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean
  /** Signs `hash` (32 bytes) with `secret` (32 bytes); `aux` is 32 bytes of auxiliary randomness. */
  sign(hash: Uint8Array, secret: Uint8Array, aux: Uint8Array): Uint8Array
  /** The x-only public key of a secret; throws RangeError where 32 bytes are no valid secret. */
  publicKey(secret: Uint8Array): Uint8Array
}

/**
 * Signatures behind one seam: the system's libsecp256k1, tiny-secp256k1's wasm, or noble.
 * All three give identical verdicts; `secp256k1.ts` picks one at start.
 */
export interface Secp256k1 extends Schnorr, Ecdsa {
  /** The x that both ends of a pair of keys can compute (ECDH), 32 bytes; null where `key` is no point. */
  agree(secret: Uint8Array, key: Uint8Array): Uint8Array | null
}

/** Someone who can sign: a key of ours, in memory. The secret never leaves it. */
export interface Signer {
  readonly pubkey: PubKey
  sign(draft: Draft): Signed
  /** Signs, and gives the text that was written for the hash with it: nothing is written twice. */
  write(draft: Draft): Envelope
  /** The same around a content that was written before. */
  writeAround(draft: WrittenDraft): Readonly<{ event: Omit<Signed, 'content'>; text: string }>
  /** HMAC-SHA-256 of a label under the secret: keys derived for one purpose. */
  derive(label: string): Uint8Array
  /** The key that this one shares with another (NIP-44, `get_conversation_key`); null where that is no key. */
  conversation(peer: PubKey): Uint8Array | null
}
