import { type KeyObject, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import { concat, fromHex } from '../base/bytes.ts'

// node:crypto takes no raw keys: these bytes before 32 others make them PKCS #8 and SPKI
// (RFC 8410). JWK would do too, with two conversions to base64 more.
const PKCS8 = fromHex('302e020100300506032b656e04220420')
const SPKI = fromHex('302a300506032b656e032100')

/** A private key from 32 bytes; which bits count is X25519's own affair (RFC 7748, 5). */
export const privateKeyOf = (secret: Uint8Array): KeyObject => {
  if (secret.length !== 32) throw new RangeError('an X25519 secret has 32 bytes')
  const der = Buffer.from(concat(PKCS8, secret))
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

/** The 32 bytes of a private key's public one. */
export const publicKeyOf = (secret: KeyObject): Uint8Array =>
  new Uint8Array(
    createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(SPKI.length),
  )

/**
 * X25519 (RFC 7748). Undefined where the other key has the wrong length or a low order: its
 * shared secret would be zero, and known to everybody (RFC 9180, 7.1.4).
 */
export const agree = (secret: KeyObject, other: Uint8Array): Uint8Array | undefined => {
  if (other.length !== 32) return undefined
  try {
    const shared = diffieHellman({
      privateKey: secret,
      publicKey: createPublicKey({
        key: Buffer.from(concat(SPKI, other)),
        format: 'der',
        type: 'spki',
      }),
    })
    return isZero(shared) ? undefined : shared
  } catch {
    return undefined
  }
}

// BoringSSL refuses it by itself; the RFC makes the check ours.
const isZero = (bytes: Uint8Array): boolean => {
  let bits = 0
  for (const byte of bytes) bits |= byte
  return bits === 0
}
