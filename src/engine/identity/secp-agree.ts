import { secp256k1 } from '@noble/curves/secp256k1.js'
import { checkSecret } from './secp-shapes.ts'

/**
 * ECDH for NIP-44, by noble for every backend: libsecp256k1 has constant-time ECDH only with a hash of its own,
 * and its plain multiplication takes a time that depends on the secret. About 1 ms, once for each pair of keys.
 */
export const agree = (secret: Uint8Array, key: Uint8Array): Uint8Array | null => {
  checkSecret(secret)
  if (key.length !== 32) return null
  const point = new Uint8Array(33)
  point[0] = 2
  point.set(key, 1)
  try {
    return secp256k1.getSharedSecret(secret, point, true).slice(1)
  } catch {
    return null
  }
}
