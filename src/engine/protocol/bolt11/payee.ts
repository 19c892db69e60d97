import { fromHex, toHex } from '../../base/bytes.ts'
import type { Invoice } from './invoice.ts'

/** Half of identity/seams.ts `Ecdsa`: never throws. */
export interface EcdsaVerifier {
  recover(sig: Uint8Array, recovery: number, hash: Uint8Array): Uint8Array | null
  verifyEcdsa(sig: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean
}

/**
 * The Lightning node that signed an invoice: the key that it names, where the signature is that key's and
 * low-S; else the key that is recovered from it, of high-S too (BOLT 11).
 *
 * A key proves nothing until it is compared: for an invoice with another amount the signature gives another key,
 * as valid as the first.
 *
 * @returns 33 bytes in hex, null where the signature is nobody's
 */
export const payeeOf = (
  { payee, sig, recovery, hash }: Pick<Invoice, 'payee' | 'sig' | 'recovery' | 'hash'>,
  secp: EcdsaVerifier,
): string | null => {
  if (payee !== null) return secp.verifyEcdsa(sig, hash, fromHex(payee)) ? payee : null
  const key = secp.recover(sig, recovery, hash)
  return key && toHex(key)
}
