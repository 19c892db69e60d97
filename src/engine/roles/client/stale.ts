import { type UnixMs, unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { showMsat } from '../../base/money.ts'
import { spanOf } from '../../metering/finding.ts'
import type { Invoice } from '../../protocol/bolt11/invoice.ts'
import type { Terms } from '../../protocol/terms.ts'
import { type PayFlaw, payableUntil } from '../../spending/invoice-check.ts'
import { failAll } from './funding.ts'
import { type Funding, placeOf } from './money.ts'
import { notCredited } from './outcome.ts'
import type { ClientTurn } from './state.ts'

/** Invoices that cannot be paid, or not by who waits, and are nobody's lie: the node gives its next one in a while. */

type Read = Readonly<{ flaw: PayFlaw; terms: Terms; invoice: Invoice }>

/** Waits for the next one, or ends what waits where that takes too long. @returns false where it is a lie */
export const awaitsNext = (
  turn: ClientTurn,
  one: Funding,
  { flaw, terms, invoice }: Read,
): boolean => {
  const { state, now } = turn
  // It has not seen our last payment yet, or hands out an invoice until its last second.
  if (flaw === 'pay.seq' || flaw === 'pay.expired') {
    one.stale ??= { until: unixMs(one.since + STALE_WITHIN_MS), fault: notCredited() }
    state.deadlines.set(`fund:${placeOf(one.node, one.ref)}`, unixMs(now + AGAIN_MS))
    return true
  }
  const isSound = flaw === 'pay.amount' && invoice.msat === terms.msat
  if (!one.topUp || !isSound || terms.msat >= one.needed) return false
  awaitEnd(turn, one, terms.msat, unixMs(payableUntil(terms, invoice) * 1000))
  return true
}

/**
 * The node was asked for less before, and gives no other invoice for that number while the first can be paid. Who typed
 * an amount pays no other one: where it ends soon that is waited for.
 */
const awaitEnd = (turn: ClientTurn, one: Funding, amount: bigint, ends: UnixMs): void => {
  const { state, now } = turn
  const fault = otherInvoice(amount, ends - now)
  if (ends - now > OTHER_WITHIN_MS) return failAll(turn, one, fault)
  const { topUp, node, ref } = one
  one.stale ??= { until: unixMs(ends + STALE_WITHIN_MS), fault }
  state.deadlines.set(`topup:${topUp!.id}`, unixMs(one.stale.until + LATER_MS))
  // Some are handed out for a while after their end.
  const next = ends > now ? ends : now
  state.deadlines.set(`fund:${placeOf(node, ref)}`, unixMs(next + AGAIN_MS))
}

const otherInvoice = (amount: bigint, ms: number): Fault =>
  new Fault(
    'again',
    'top_up.other_invoice',
    `the node still has an invoice over ${showMsat(amount)} out for this tab, for ${spanOf(Math.ceil(ms / 1000))}`,
    { hint: 'nothing was paid; try again when that has ended' },
  )

const AGAIN_MS = 1_000
const LATER_MS = 10_000
/** How long a node may hand out an invoice that was paid, or has no time left. */
const STALE_WITHIN_MS = 30_000
/** How long is waited for the end of an invoice over less: nodes give theirs two minutes. */
const OTHER_WITHIN_MS = 180_000
