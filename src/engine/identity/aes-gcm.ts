import { createCipheriv, createDecipheriv } from 'node:crypto'

/** How much longer the sealed bytes are. */
export const TAG_BYTES = 16

/**
 * AES-256-GCM on synchronous node:crypto: WebCrypto takes ten times as long for 30 bytes and
 * still longer for 256 KiB.
 * @returns ciphertext ‖ tag
 */
export const sealGcm = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array => {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  const sealed = new Uint8Array(ciphertext.length + TAG_BYTES)
  sealed.set(ciphertext)
  sealed.set(cipher.getAuthTag(), ciphertext.length)
  return sealed
}

/** The plaintext; undefined where the tag does not hold. */
export const openGcm = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined => {
  const end = sealed.length - TAG_BYTES
  if (end < 0) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(end))
  const plaintext = decipher.update(sealed.subarray(0, end))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length)
}
