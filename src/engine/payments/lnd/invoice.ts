import { parseMsat } from '../../base/money.ts'
import { paymentHash } from '../../protocol/ids.ts'
import type { InvoiceState, InvoiceStatus } from '../wallet.ts'
import { type Body, hexIn } from './rest.ts'

const STATES: Readonly<Record<string, InvoiceState>> = {
  OPEN: 'open',
  ACCEPTED: 'accepted',
  SETTLED: 'settled',
  // Also one that expired.
  CANCELED: 'canceled',
}

/** How an invoice stands, as lnd tells of it; null for what is no invoice. */
export const statusOf = ({ r_hash, state, amt_paid_msat }: Body): InvoiceStatus | null => {
  const hash = hexIn(r_hash)
  const known = typeof state === 'string' ? STATES[state] : undefined
  if (hash?.length !== 64 || known === undefined) return null
  const arrived = known === 'accepted' || known === 'settled'
  try {
    const received = arrived ? parseMsat(String(amt_paid_msat)) : null
    return { paymentHash: paymentHash(hash), state: known, received }
  } catch {
    return null
  }
}
