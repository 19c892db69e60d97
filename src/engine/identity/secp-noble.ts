import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import type { Secp256k1 } from './seams.ts'
import { checkHash, checkSecret, invalidSecret, isVerifiable } from './secp-shapes.ts'

/** secp256k1 in plain JavaScript: the last resort, ten times slower than the native library. */
export const openNoble = (): Secp256k1 => ({
  backend: 'noble',
  verify: (sig, hash, key) => {
    if (!isVerifiable(sig, hash, key)) return false
    try {
      return schnorr.verify(sig, hash, key)
    } catch {
      return false
    }
  },
  sign: (hash, secret, aux) => {
    checkHash(hash, aux)
    checkValid(secret)
    return schnorr.sign(hash, secret, aux)
  },
  publicKey: (secret) => {
    checkValid(secret)
    return schnorr.getPublicKey(secret)
  },
})

const checkValid = (secret: Uint8Array): void => {
  checkSecret(secret)
  if (!secp256k1.utils.isValidSecretKey(secret)) throw invalidSecret()
}
