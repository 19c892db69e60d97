import type { UnixMs } from '../base/clock.ts'
import type { Msat } from '../base/money.ts'
import { decodeBolt11 } from '../protocol/bolt11/decode.ts'
import { type Invoice, fitsNet } from '../protocol/bolt11/invoice.ts'
import type { Net } from '../protocol/event.ts'
import type { PayFailure } from './payer.ts'

export type Payable = Invoice & Readonly<{ msat: Msat }>

/**
 * An invoice that can be paid at all, or why it never will: that is known before a wallet is asked, with nothing
 * sent. Whether it is the invoice that was agreed is looked at before (spending/invoice-check.ts).
 */
export const payable = (bolt11: string, net: Net, now: UnixMs): Payable | PayFailure => {
  const invoice = decodeBolt11(bolt11)
  if (typeof invoice === 'string') return 'rejected'
  if (!fitsNet(invoice.prefix, net)) return 'wrong_net'
  const { msat } = invoice
  if (msat === null) return 'rejected'
  if ((invoice.timestamp + invoice.expirySec) * 1000 <= now) return 'expired'
  return { ...invoice, msat }
}
