import { fromHex, sha256, toHex } from '../base/bytes.ts'
import { type PaymentHash, type Preimage, paymentHash } from './ids.ts'

/** The hash of the invoice that this settles (BOLT 11). */
export const hashOfPreimage = (secret: Preimage): PaymentHash =>
  paymentHash(toHex(sha256(fromHex(secret))))

/** Whether this settles the invoice of that hash: 64 lower-case hex digits. Some wallets show zeros, or nothing. */
export const isPreimage = (said: string, hash: string): said is Preimage =>
  /^[0-9a-f]{64}$/.test(said) && toHex(sha256(fromHex(said))) === hash
