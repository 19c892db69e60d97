import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { concat } from '../base/bytes.ts'
import { agree } from './secp-agree.ts'
import type { Secp256k1 } from './seams.ts'
import {
  checkDigest,
  checkHash,
  checkSecret,
  invalidSecret,
  isRecoverable,
  isVerifiable,
  isVerifiableEcdsa,
} from './secp-shapes.ts'

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
  agree,
  recover: (sig, recovery, hash) => {
    if (!isRecoverable(sig, recovery, hash)) return null
    try {
      return secp256k1.recoverPublicKey(concat(Uint8Array.of(recovery), sig), hash, DIGEST)
    } catch {
      return null
    }
  },
  signRecoverable: (hash, secret) => {
    checkDigest(hash)
    checkValid(secret)
    const signed = secp256k1.sign(hash, secret, { ...DIGEST, lowS: true, format: 'recovered' })
    return { sig: signed.slice(1), recovery: signed[0]! }
  },
  verifyEcdsa: (sig, hash, key) => {
    if (!isVerifiableEcdsa(sig, hash, key)) return false
    try {
      return secp256k1.verify(sig, hash, key, { ...DIGEST, lowS: true })
    } catch {
      return false
    }
  },
  point: (secret) => {
    checkValid(secret)
    return secp256k1.getPublicKey(secret, true)
  },
})

/** What is signed is a hash already. */
const DIGEST = { prehash: false }

const checkValid = (secret: Uint8Array): void => {
  checkSecret(secret)
  if (!secp256k1.utils.isValidSecretKey(secret)) throw invalidSecret()
}
