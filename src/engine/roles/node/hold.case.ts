import { fromHex, sha256, toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import type { BookedInvoice } from '../../metering/invoice-book-rows.ts'
import { jobId, paymentHash, preimage, pubKey } from '../../protocol/ids.ts'

/** A hold invoice that a node has out, for the tests of what is held. */

export const now = unixMs(1_800_000_000_000)
export const [NODE, KEY] = [pubKey('01'.repeat(32)), pubKey('02'.repeat(32))]
export const JOB = jobId('04'.repeat(32))
const secret = preimage('06'.repeat(32))
export const hash = paymentHash(toHex(sha256(fromHex(secret))))

export const row = (over: Partial<BookedInvoice> = {}): BookedInvoice => ({
  hash,
  payee: NODE,
  payer: KEY,
  ref: JOB,
  seq: 1,
  purpose: 'job',
  msat: msat(5_000n),
  terms: '',
  bolt11: '',
  state: 'issued',
  received: null,
  preimage: secret,
  closing: null,
  expiresAt: unixMs(now + 60_000),
  at: now,
  ...over,
})
