import { hmac, sha256, toHex, utf8 } from '../../src/engine/base/bytes.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import type { Secp256k1 } from '../../src/engine/identity/seams.ts'
import { checkHash, checkSecret, isVerifiable } from '../../src/engine/identity/secp-shapes.ts'

/**
 * Signatures that only a holder of the secret can make and everybody in this process can check, at
 * a twentieth of the price of BIP-340: an HMAC under the secret, which the checker looks up by the
 * public key. Real signatures are two thirds of what a simulated network costs, and say nothing
 * about minds. Thousands of seeds run on this one, some on the real one. Keys are known to the
 * instance that made them: one for each world.
 */
export const quickSecp = (): Secp256k1 => {
  const secrets = new Map<string, Uint8Array>()
  return {
    // Lightning's signatures are of keys that a world has a few of.
    ...real,
    // Nobody asks in a simulated network: the seam wants one of three names.
    backend: 'noble',
    publicKey(secret) {
      checkSecret(secret)
      const key = sha256(secret)
      secrets.set(toHex(key), Uint8Array.from(secret))
      return key
    },
    // Both ends know both keys, and nobody else is asked.
    agree: (secret, key) => hmac(AGREED, ...[sha256(secret), key].toSorted(Buffer.compare)),
    sign(hash, secret, aux) {
      checkSecret(secret)
      checkHash(hash, aux)
      return signatureOf(hash, secret, aux)
    },
    verify(sig, hash, key) {
      if (!isVerifiable(sig, hash, key)) return false
      const secret = secrets.get(toHex(key))
      return secret !== undefined && isSame(signatureOf(hash, secret, sig.subarray(32)), sig)
    },
  }
}

const SIGNATURE = utf8('signature')
const AGREED = utf8('agreed')
const real = await openSecp256k1()

/** The tag over hash and auxiliary randomness, then that randomness. */
const signatureOf = (hash: Uint8Array, secret: Uint8Array, aux: Uint8Array): Uint8Array => {
  const signature = new Uint8Array(64)
  signature.set(hmac(secret, SIGNATURE, hash, aux))
  signature.set(aux, 32)
  return signature
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
