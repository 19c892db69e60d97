import type { KeyObject } from 'node:crypto'
import { concat, hmac, utf8 } from '../base/bytes.ts'
import { openGcm, sealGcm } from './aes-gcm.ts'
import { agree, privateKeyOf, publicKeyOf } from './x25519.ts'

/**
 * HPKE (RFC 9180) in base mode with one suite: DHKEM(X25519, HKDF-SHA256) 0x0020,
 * HKDF-SHA256 0x0001, AES-256-GCM 0x0002. Synchronous, on node:crypto: `@hpke/core` does the
 * same six times slower, since every step of WebCrypto is a promise. It is our oracle in tests.
 */
export type HpkeContext = Readonly<{
  key: Uint8Array
  baseNonce: Uint8Array
  exporterSecret: Uint8Array
}>

/**
 * SetupBaseS (RFC 9180, 5.1.1).
 * @param to the receiver's public key, 32 bytes
 * @param ephemeral 32 random bytes, never used twice
 * @returns what is sent (`enc`, 32 bytes) and the context; undefined for a public key of low order
 */
export const setupSender = (
  to: Uint8Array,
  info: Uint8Array,
  ephemeral: Uint8Array,
): { enc: Uint8Array; context: HpkeContext } | undefined => {
  const secret = privateKeyOf(ephemeral)
  const enc = publicKeyOf(secret)
  const context = setup(secret, to, concat(enc, to), info)
  return context && { enc, context }
}

/** SetupBaseR (RFC 9180, 5.1.1). Undefined for an `enc` of low order or a wrong length. */
export const setupReceiver = (
  secret: KeyObject,
  own: Uint8Array,
  enc: Uint8Array,
  info: Uint8Array,
): HpkeContext | undefined => setup(secret, enc, concat(enc, own), info)

/** Context.Seal (RFC 9180, 5.2): message `seq` of this context, each of which is sealed once. */
export const seal = (
  context: HpkeContext,
  seq: number,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array => sealGcm(context.key, nonceOf(context, seq), aad, plaintext)

/** Context.Open (RFC 9180, 5.2); undefined where it does not open. */
export const open = (
  context: HpkeContext,
  seq: number,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined => openGcm(context.key, nonceOf(context, seq), aad, sealed)

/** Context.Export (RFC 9180, 5.3): a key of 1 to 32 bytes for another purpose. */
export const exportKey = (context: HpkeContext, label: Uint8Array, length = 32): Uint8Array =>
  expand(HPKE, context.exporterSecret, 'sec', label, length)

const EMPTY = new Uint8Array(0)
/** HMAC pads its key with zeros, so this is the empty salt; Bun's own empty key is not documented. */
const NO_SALT = new Uint8Array(32)
const MODE_BASE = 0
const KEM = concat(utf8('KEM'), Uint8Array.of(0x00, 0x20))
const HPKE = concat(utf8('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x02))
const VERSION = utf8('HPKE-v1')

const setup = (
  secret: KeyObject,
  other: Uint8Array,
  kemContext: Uint8Array,
  info: Uint8Array,
): HpkeContext | undefined => {
  const dh = agree(secret, other)
  if (!dh) return undefined
  // ExtractAndExpand (4.1)
  const shared = expand(KEM, extract(KEM, NO_SALT, 'eae_prk', dh), 'shared_secret', kemContext, 32)
  // KeySchedule (5.1) in base mode: psk and psk_id are empty
  const context = concat(
    Uint8Array.of(MODE_BASE),
    PSK_ID_HASH,
    extract(HPKE, NO_SALT, 'info_hash', info),
  )
  const prk = extract(HPKE, shared, 'secret', EMPTY)
  return {
    key: expand(HPKE, prk, 'key', context, 32),
    baseNonce: expand(HPKE, prk, 'base_nonce', context, 12),
    exporterSecret: expand(HPKE, prk, 'exp', context, 32),
  }
}

// LabeledExtract and LabeledExpand (4); one block of HKDF is enough for 32 bytes.
const extract = (suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array =>
  hmac(salt, VERSION, suite, utf8(label), ikm)

const expand = (
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array => {
  if (length < 1 || length > 32) throw new RangeError('HPKE expands to 1 to 32 bytes here')
  const size = Uint8Array.of(0, length)
  const block = hmac(prk, size, VERSION, suite, utf8(label), info, Uint8Array.of(1))
  // A copy: what Bun hashes into is a Buffer, whose slice() is a window, not a copy.
  return new Uint8Array(block.subarray(0, length))
}

const PSK_ID_HASH = extract(HPKE, NO_SALT, 'psk_id_hash', EMPTY)

const nonceOf = (context: HpkeContext, seq: number): Uint8Array => {
  if (!Number.isInteger(seq) || seq < 0 || seq > 0xffff_ffff)
    throw new RangeError('a sequence number has 32 bits')
  const nonce = Uint8Array.from(context.baseNonce)
  const view = new DataView(nonce.buffer)
  view.setUint32(8, (view.getUint32(8) ^ seq) >>> 0)
  return nonce
}
