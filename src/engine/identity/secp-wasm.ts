import * as tiny from 'tiny-secp256k1'
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

/**
 * libsecp256k1 as wasm, about six times slower than the native one. Its JavaScript refuses
 * r ≥ n, where BIP-340 says r ≥ p; a valid signature between the two cannot be made, since
 * that takes a nonce whose point has an x among 2^128 of 2^256.
 */
export const openWasm = (): Secp256k1 => ({
  backend: 'wasm',
  verify: (sig, hash, key) => {
    if (!isVerifiable(sig, hash, key)) return false
    try {
      return tiny.verifySchnorr(hash, key, sig)
    } catch {
      return false
    }
  },
  sign: (hash, secret, aux) => {
    checkHash(hash, aux)
    checkValid(secret)
    return tiny.signSchnorr(hash, secret, aux)
  },
  publicKey: (secret) => {
    checkValid(secret)
    return tiny.xOnlyPointFromScalar(secret)
  },
  agree,
  recover: (sig, recovery, hash) => {
    if (!isRecoverable(sig, recovery, hash)) return null
    try {
      return tiny.recover(hash, sig, recovery === 0 ? 0 : 1, true)
    } catch {
      return null
    }
  },
  signRecoverable: (hash, secret) => {
    checkDigest(hash)
    checkValid(secret)
    const { signature, recoveryId } = tiny.signRecoverable(hash, secret)
    return { sig: signature, recovery: recoveryId }
  },
  verifyEcdsa: (sig, hash, key) => {
    if (!isVerifiableEcdsa(sig, hash, key)) return false
    try {
      return tiny.verify(hash, key, sig, true)
    } catch {
      return false
    }
  },
  point: (secret) => {
    checkValid(secret)
    const key = tiny.pointFromScalar(secret, true)
    if (!key) throw invalidSecret()
    return key
  },
})

const checkValid = (secret: Uint8Array): void => {
  checkSecret(secret)
  if (!tiny.isPrivate(secret)) throw invalidSecret()
}
