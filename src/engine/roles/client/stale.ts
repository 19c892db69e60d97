import { type UnixMs, unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { type Msat, msat, showMsat } from '../../base/money.ts'
import { spanOf } from '../../metering/finding.ts'
import { topUpOf } from '../../metering/tab-top-up.ts'
import type { Invoice } from '../../protocol/bolt11/invoice.ts'
import type { Terms } from '../../protocol/terms.ts'
import {
  type Expected,
  type PayFlaw,
  type SignedInvoice,
  invoiceFlaw,
  payableUntil,
} from '../../spending/invoice-check.ts'
import { failAll } from './funding.ts'
import { forgetsUs, lostTab, noteLost } from './lost-books.ts'
import { type Funding, placeOf } from './money.ts'
import { notCredited } from './outcome.ts'
import type { ClientTurn } from './state.ts'
import { tellOther } from './top-up-end.ts'

/** Invoices that cannot be paid, or not by who waits, and are nobody's lie: the node gives its next one in a while. */

/**
 * A sound invoice for a job that nobody here waits for: it was cancelled before its node had made the invoice, or another
 * process with our key asked for it. It is not paid, and is no lie about what is asked for now.
 */
export const isOfAnotherJob = (
  signed: SignedInvoice,
  { for: purpose, ref, seq, msat: sum }: Terms,
  expected: Expected,
  when: Parameters<typeof invoiceFlaw>[2],
): boolean => {
  if (purpose !== 'job' || ref === expected.ref) return false
  const flaw = invoiceFlaw(signed, { ...expected, for: purpose, ref, seq, msat: sum }, when)
  return flaw === null || flaw === 'pay.expired'
}

type Read = Readonly<{ flaw: PayFlaw; terms: Terms; invoice: Invoice }>

/** Waits for the next one, or ends what waits where that takes too long. @returns false where it is a lie */
export const awaitsNext = (
  turn: ClientTurn,
  one: Funding,
  { flaw, terms, invoice }: Read,
): boolean => {
  const { state, now } = turn
  const money = state.money!
  const isTab = terms.ref === money.tab(one.node).pubkey
  if (flaw === 'pay.seq' && isTab && forgetsUs(money, one.node, terms)) {
    noteLost(turn, one.node)
    failAll(turn, one, lostTab(money, one.node))
    return true
  }
  // It has not seen our last payment yet, or hands out an invoice until its last second.
  if (flaw === 'pay.seq' || flaw === 'pay.expired') {
    one.stale ??= { until: unixMs(one.since + STALE_WITHIN_MS), fault: notCredited() }
    state.deadlines.set(`fund:${placeOf(one.node, one.ref)}`, unixMs(now + AGAIN_MS))
    return true
  }
  const isSound = flaw === 'pay.amount' && invoice.msat === terms.msat
  // Of a tab that has had more payments than we know of it gives no less than the usual, and will not.
  const isUsual = terms.msat === topUpOf(terms.seq - 1, one.needed, msat(1n))
  if (!isSound || (one.topUp && isUsual)) return false
  awaitEnd(turn, one, terms.msat, unixMs(payableUntil(terms, invoice) * 1000))
  return true
}

/**
 * The node was asked for another sum before, by a top-up or job that did not pay it then, and gives no other invoice for
 * that number while the first can be paid. Who typed an amount pays no other one: where it ends soon that is waited for.
 * A job goes to another node, or ends: it is not held up for so long by whoever asks too much.
 */
const awaitEnd = (turn: ClientTurn, one: Funding, amount: Msat, ends: UnixMs): void => {
  const { state, now } = turn
  const { topUp, node, ref, since } = one
  const fault = otherInvoice(topUp ? 'top_up' : 'invoice', amount, ends - now)
  if (!topUp || ends - since > OTHER_WITHIN_MS) return failAll(turn, one, fault)
  const until = unixMs(ends + STALE_WITHIN_MS)
  // One after another of these may be out: each is waited for, and said.
  if (one.stale?.until !== until) tellOther(turn, topUp, { msat: amount, untilMs: ends })
  one.stale = { until, fault }
  state.deadlines.set(`topup:${topUp.id}`, unixMs(until + LATER_MS))
  // Whoever asked for it may pay it long before its end; some are handed out for a while after it.
  const again = Math.min(Math.max(now - since, AGAIN_MS), MOST_AGAIN_MS)
  const next = ends > now ? Math.min(ends + AGAIN_MS, now + again) : now + AGAIN_MS
  state.deadlines.set(`fund:${placeOf(node, ref)}`, unixMs(next))
}

const otherInvoice = (of: 'top_up' | 'invoice', amount: Msat, ms: number): Fault =>
  new Fault(
    'again',
    of === 'top_up' ? 'top_up.other_invoice' : 'invoice.other',
    `the node still has an invoice over ${showMsat(amount)} out, for ${spanOf(Math.max(0, Math.ceil(ms / 1000)))}`,
    { hint: 'nothing was paid; try again when that has ended' },
  )

const AGAIN_MS = 1_000
const MOST_AGAIN_MS = 16_000
const LATER_MS = 10_000
/** How long a node may hand out an invoice that was paid, or has no time left. */
const STALE_WITHIN_MS = 30_000
/** How long is waited for the ends of invoices over other sums: nodes give theirs two minutes. */
const OTHER_WITHIN_MS = 180_000
