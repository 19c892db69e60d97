import { z } from 'zod'
import { carriedEvent, hex32 } from './fields.ts'

/**
 * 26426: evidence for third parties that an invoice was paid: its preimage, or the payee's signed `paid`,
 * for wallets that show none. The payee believes its own wallet alone.
 */
export const proof = z.object({
  /** The payee's invoice (26425), in full. */
  invoice: carriedEvent,
  preimage: hex32.nullable(),
  paid: carriedEvent.nullable(),
})
