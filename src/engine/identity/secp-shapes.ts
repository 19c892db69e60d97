/** The checks that come before every backend, so that all of them answer alike. */

/** False where lengths alone say that it is no signature: the backends differ in what they throw. */
export const isVerifiable = (sig: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean =>
  sig.length === 64 && hash.length === 32 && key.length === 32

/** The same for ECDSA, whose keys are compressed points. */
export const isVerifiableEcdsa = (sig: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean =>
  sig.length === 64 && hash.length === 32 && key.length === 33

/**
 * False where no backend is asked for a key. A recovery id of 2 or 3 says that the nonce's point has an x
 * among the 2^128 above the order of the curve. Nobody who has a key can make such a signature, and
 * tiny-secp256k1 looks for the wrong point there: refused by all, so that all agree.
 */
export const isRecoverable = (sig: Uint8Array, recovery: number, hash: Uint8Array): boolean =>
  sig.length === 64 && hash.length === 32 && (recovery === 0 || recovery === 1)

/** @throws RangeError unless hash and auxiliary randomness are 32 bytes each */
export const checkHash = (hash: Uint8Array, aux: Uint8Array): void => {
  checkDigest(hash)
  if (aux.length !== 32) throw new RangeError('auxiliary randomness has 32 bytes')
}

/** @throws RangeError unless it has 32 bytes */
export const checkDigest = (hash: Uint8Array): void => {
  if (hash.length !== 32) throw new RangeError('a hash to sign has 32 bytes')
}

/** @throws RangeError unless a secret has 32 bytes; its value is checked by the backend */
export const checkSecret = (secret: Uint8Array): void => {
  if (secret.length !== 32) throw invalidSecret()
}

// Says nothing about the secret itself: errors are logged.
export const invalidSecret = (): RangeError =>
  new RangeError('a secret key is 32 bytes, more than zero and less than the order of the curve')
