import { concat, utf8 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import { openGcm, sealGcm } from './aes-gcm.ts'
import type { Signer } from './seams.ts'

/**
 * Seals what a user's own disk keeps for that user alone: AES-256-GCM under a key that is derived from an identity for
 * this one thing. A file keeps what was deleted from it until that is written over; so nothing goes there that the file
 * alone could open.
 * @param about what it belongs to: it opens in no other place
 * @returns nonce (12 bytes) ‖ ciphertext ‖ tag
 */
export const sealKept = (
  signer: Pick<Signer, 'derive'>,
  about: string,
  plaintext: Uint8Array,
  random: Random,
): Uint8Array => {
  const nonce = random.bytes(NONCE_BYTES)
  const key = keyOf(signer, about)
  const sealed = sealGcm(key, nonce, utf8(about), plaintext)
  key.fill(0)
  return concat(nonce, sealed)
}

/** Opens it; undefined where another identity sealed it, it belongs elsewhere, or it was changed. */
export const openKept = (
  signer: Pick<Signer, 'derive'>,
  about: string,
  sealed: Uint8Array,
): Uint8Array | undefined => {
  const key = keyOf(signer, about)
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const opened =
    nonce.length === NONCE_BYTES
      ? openGcm(key, nonce, utf8(about), sealed.subarray(NONCE_BYTES))
      : undefined
  key.fill(0)
  return opened
}

const keyOf = ({ derive }: Pick<Signer, 'derive'>, about: string): Uint8Array =>
  derive(`fedai/1 kept${about}`)

const NONCE_BYTES = 12
