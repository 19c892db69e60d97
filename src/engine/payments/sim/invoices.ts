import { Fault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash, Preimage } from '../../protocol/ids.ts'
import { hashOfPreimage } from '../../protocol/preimage.ts'
import type { InvoiceState, InvoiceStatus } from '../wallet.ts'
import { move } from './accounts.ts'
import type { SimLedger } from './ledger.ts'
import { HELD, ROUTING } from './schema.ts'

/** The payee's side of an invoice. What is said to happen within a deed does (SimLedger.write). */

export type Invoice = Readonly<{
  hash: PaymentHash
  payee: string
  bolt11: string
  msat: Msat
  /** ms since 1970 */
  expires: bigint
  state: Exclude<InvoiceState, 'unknown'>
  preimage: Preimage | null
  payer: string | null
  fee: Msat | null
  change: bigint | null
}>

export const invoiceOf = (ledger: SimLedger, hash: PaymentHash): Invoice | null =>
  ledger.sql<Invoice, [PaymentHash]>('SELECT * FROM invoices WHERE hash = ?').get(hash)

/** Within a deed. @returns a Fault where there is one of this hash already */
export const addInvoice = (
  ledger: SimLedger,
  it: Pick<Invoice, 'hash' | 'payee' | 'bolt11' | 'msat' | 'expires' | 'preimage'>,
): Fault | null => {
  const { changes } = ledger
    .sql<never, [string, string, string, bigint, bigint, string | null]>(
      `INSERT INTO invoices (hash, payee, bolt11, msat, expires, state, preimage)
       VALUES (?, ?, ?, ?, ?, 'open', ?) ON CONFLICT DO NOTHING`,
    )
    .run(it.hash, it.payee, it.bolt11, it.msat, it.expires, it.preimage)
  return changes === 1 ? null : refused('there is an invoice of this hash already')
}

/** Within a deed: the held payment becomes the payee's. */
export const settleHeld = (
  ledger: SimLedger,
  payee: string,
  secret: Preimage,
  now: number,
): Fault | null => {
  const hash = hashOfPreimage(secret)
  const it = invoiceOf(ledger, hash)
  if (it?.payee !== payee) return refused('it has no invoice that this preimage is of')
  if (it.state === 'settled') return null
  if (it.state !== 'accepted')
    return refused(
      it.state === 'open' ? 'nobody has paid this invoice yet' : 'this invoice was cancelled',
    )
  move(ledger, { giver: HELD, taker: payee, amount: it.msat, hash, at: now })
  move(ledger, { giver: HELD, taker: ROUTING, amount: it.fee!, hash, at: now })
  ledger
    .sql<never, [string, bigint, string]>(
      `UPDATE invoices SET state = 'settled', preimage = ?, change = ? WHERE hash = ?`,
    )
    .run(secret, ledger.change(), hash)
  return null
}

/** Within a deed: nobody can pay it any more, and what is held goes back to its payer. */
export const cancel = (
  ledger: SimLedger,
  payee: string,
  hash: PaymentHash,
  now: number,
): Fault | null => {
  const it = invoiceOf(ledger, hash)
  if (it?.payee !== payee) return refused('it has no invoice of this hash')
  if (it.state === 'canceled') return null
  if (it.state === 'settled') return refused('this invoice was settled')
  giveBack(ledger, it, now)
  return null
}

const giveBack = (ledger: SimLedger, it: Invoice, now: number): void => {
  if (it.state === 'accepted') {
    const amount = msat(it.msat + it.fee!)
    move(ledger, { giver: HELD, taker: it.payer!, amount, hash: it.hash, at: now })
  }
  ledger
    .sql<never, [bigint, string]>(
      `UPDATE invoices SET state = 'canceled', change = ? WHERE hash = ?`,
    )
    .run(ledger.change(), it.hash)
}

export const statusOf = (it: Invoice, now: number): InvoiceStatus => ({
  paymentHash: it.hash,
  // Nobody writes that time has passed.
  state: it.state === 'open' && BigInt(now) >= it.expires ? 'canceled' : it.state,
  received: it.state === 'accepted' || it.state === 'settled' ? it.msat : null,
})

/** Invoices of an account that changed after another one, in the order of their changes. */
export const changedAfter = (ledger: SimLedger, payee: string, after: Seen): readonly Invoice[] =>
  ledger
    .sql<Invoice, [string, bigint, string]>(
      `SELECT * FROM invoices WHERE payee = ? AND change IS NOT NULL AND (change, hash) > (?, ?)
       ORDER BY change, hash LIMIT ${PAGE}`,
    )
    .all(payee, after.change, after.hash)

/** The last one that was seen. */
export type Seen = Readonly<{ change: bigint; hash: string }>
export const PAGE = 500

/** The newest change that there is: all later ones are news. */
export const newest = (ledger: SimLedger): Seen => ({
  change: ledger.sql<{ changes: bigint }, []>('SELECT changes FROM network').get()!.changes,
  // No hash is behind it.
  hash: 'g',
})

/** How long an ended invoice is remembered, and a payment that is held lasts, after the invoice expired, in ms. */
const KEPT_MS = 90 * 86_400_000
const HELD_MS = 12 * 3_600_000

/** Within a deed: forgets what is long over, and gives back what nobody settled, as the end of a timelock would. */
export const sweep = (ledger: SimLedger, now: number): null => {
  const held = ledger.sql<Invoice, [bigint]>(
    `SELECT * FROM invoices WHERE expires < ? AND state = 'accepted'`,
  )
  for (const it of held.all(BigInt(now - HELD_MS))) giveBack(ledger, it, now)
  const before = BigInt(now - KEPT_MS)
  ledger
    .sql<never, [bigint]>(`DELETE FROM invoices WHERE expires < ? AND state <> 'accepted'`)
    .run(before)
  // They stand in the order of time, so nothing is read but what goes, and the first that stays.
  ledger
    .sql<never, [bigint]>(
      'DELETE FROM moves WHERE id < (SELECT id FROM moves WHERE at >= ? ORDER BY id LIMIT 1)',
    )
    .run(before)
  return null
}

export const refused = (what: string): Fault =>
  new Fault('unavailable', 'wallet.refused', `play money: ${what}`)
