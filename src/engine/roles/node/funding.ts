import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { openLetter } from '../../identity/letters.ts'
import { holdSlot } from '../../metering/invoice-book-slots.ts'
import type { BookEvent } from '../../metering/invoice-book-rows.ts'
import { rowOf } from '../../metering/rows.ts'
import { lapse, tabAt } from '../../metering/tab.ts'
import { authorized, owed } from '../../metering/tab-rows.ts'
import { MOST_TOP_UP, dueInvoiceOf, jobInvoiceOf, topUpOf } from '../../metering/tab-top-up.ts'
import { type EventId, type JobId, type PubKey, jobId } from '../../protocol/ids.ts'
import { sealed } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import type { MoneyChange } from '../../storage/money-store.ts'
import { lookSoon, mayAsk, onUnwritten } from '../counter.ts'
import type { LinkId, Unwritten } from '../wire.ts'
import { jobHeldBy } from './hold-job.ts'
import { lacks, noTab } from './lost-books.ts'
import { PAYEE, answering, askRest, feed } from './payee.ts'
import { hear, noteAsking } from './reach.ts'
import { type NodeJob, type NodeTurn, say } from './state.ts'
import { tellAgain } from './tab-sync.ts'
import { type Reach, type Till, awaitDebt, commit } from './till.ts'

/** A payer asks for an invoice; our wallet makes it, and says when it is paid. */

/** Sealed money (26437): only what a payer may ask is heard, and by whom of our router's links it was said. */
export const onMoney = (turn: NodeTurn, link: LinkId, message: Message<'money'>): void => {
  const { state, now } = turn
  const { till, signer, net } = state
  if (!till) return
  const { event, body } = message
  const text = openLetter(signer, event.pubkey, body.sealed)
  if (text === undefined) return
  const rules = { ...till, net, isMe: (key: PubKey) => key === signer.pubkey }
  const inner = sealed(text, event.created_at, rules, now)
  if (isRefusal(inner)) return
  if (inner.name !== 'fund' && inner.name !== 'tab_sync') return
  // Who paid the last invoice, as a fast stream does, or has another ticket asks for something else: that may be at once.
  // Tickets that are none are one: they can be made up without end.
  const payer = inner.event.pubkey
  const { seq = 0 } = tabAt(till.tabs, payer) ?? {}
  const from: Reach = { link, client: event.pubkey }
  if (inner.name === 'tab_sync') {
    // Who waits for a payment asks more often than who lacks statements, and is kept from it by nothing else.
    const isWaiting = inner.body.paid !== undefined
    if (!mayAsk(turn, 'tab_sync', event.pubkey, isWaiting ? 'paid' : '')) return
    tellAgain(turn, till, from, inner)
    return isWaiting ? onWaiting(turn, till, payer, from) : undefined
  }
  const { ref, drop, hold, has } = inner.body
  const ticket = hold && turn.state.tickets.has(hold.ticket) ? hold.ticket : ''
  const what = drop ? 'drop' : `${seq} ${ticket}`
  if (!mayAsk(turn, 'fund', event.pubkey, `${ref} ${what}`)) return
  // A letter for which no job waits is named by itself.
  const waits = hold ?? { job: jobId(event.id), ticket: event.id }
  if (!drop && lacks(till, payer, has)) return refuse(turn, from, waits, noTab(turn))
  const to = { ...from, ...(hold && { waits: hold }) }
  hear(till, { payer, ref }, to)
  if (!drop) noteAsking(till, { payer, ref }, to)
  onFund(turn, till, to, inner)
}

/** A session waits until a payment into the tab is counted, which another one may have made: it is told when it is; and what is owed. */
const onWaiting = (turn: NodeTurn, till: Till, payer: PubKey, to: Reach): void => {
  // A session without a tab is asked job by job.
  if (payer === to.client) return
  hear(till, { payer, ref: payer }, to)
  askRest(turn, till, payer, answering(to))
}

/** What was open when the process before ended is released, and looked up. */
export const onOpened = (turn: NodeTurn, changes: readonly MoneyChange[]): void => {
  const { till } = turn.state
  if (!till) return
  for (const tab of till.tabs.tabs.values()) awaitDebt(turn.state, tab)
  commit(turn, till, changes, onBookDue)
}

/** What the wallet did or says. */
export const onWallet = (turn: NodeTurn, event: BookEvent): void => {
  const { till } = turn.state
  if (till) feed(turn, till, event)
}

/** Our wallet gave an invoice that the ledger has from before. */
export const onRepeated = (turn: NodeTurn, event: Unwritten): void => {
  const { till } = turn.state
  if (till) onUnwritten(turn, till, PAYEE, event)
}

/** An invoice is due to be looked up, or its time is over. */
export const onBookDue = (turn: NodeTurn): void => onWallet(turn, { type: 'tick' })

/** A debt was to be paid by now: its key has no credit any more. */
export const onDebtDue = (turn: NodeTurn, key: PubKey): void => {
  const { till } = turn.state
  if (till) commit(turn, till, lapse(till.tabs, key, turn.now), () => {})
}

/**
 * After a job: what is owed, or, where the tab would not carry another one like it, the next top-up. Paid in
 * the background, it adds nothing to the time of the next job. What is owed is said after the receipt; a top-up
 * once that was answered, since it goes another way than receipts, and who has no receipt wants none yet.
 */
export const offerInvoice = (turn: NodeTurn, { id, link, client, draw, body }: NodeJob): void => {
  const { till } = turn.state
  const tab = draw && till && tabAt(till.tabs, draw.tab)
  if (!till || !tab) return
  const debt = owed(tab) > 0n
  const { granularity } = till.pay
  // As the client has it: who pays afterwards pays what is owed, and a stream needs little to begin.
  const lowest = body.timing === 'stream' ? topUpOf(0, msat(0n), granularity) : body.ceiling
  // With the tab off a session pays job by job, and nothing in advance.
  const isOff = tab.key === client
  const isAhead = !isOff && body.timing !== 'after' && body.timing !== 'hold'
  const isLow = !debt && isAhead && authorized(tab) < lowest
  const amount = debt
    ? dueInvoiceOf(tab, granularity)
    : isLow
      ? topUpOf(tab.seq, msat(0n), granularity)
      : null
  if (amount === null) return
  const ref: string = isOff ? id : tab.key
  const to = { link, client }
  hear(till, { payer: tab.key, ref }, to)
  const settled = isOff ? (till.paidFor.get(`${tab.key} ${ref}`) ?? 0) : tab.seq
  const wanted = { payer: tab.key, ref, msat: amount, hold: false } as const
  const purpose = debt ? 'after' : 'topup'
  feed(turn, till, { type: 'fund', settled, purpose, ...wanted }, answering(to))
}

const onFund = (turn: NodeTurn, till: Till, to: Reach, inner: Message<'fund'>): void => {
  const payer = inner.event.pubkey
  const { for: purpose, ref, msat: needed, hold } = inner.body
  if (purpose === 'job') return onJobFund(turn, till, to, inner)
  // A tab is numbered by its own key. Other purposes have no invoice that is asked for here.
  if (purpose !== 'topup' || ref !== payer) return
  if (hold) keepSlot(turn, till, payer, to, hold)
  const seq = tabAt(till.tabs, payer)?.seq ?? 0
  const amount = topUpOf(seq, needed > MOST_TOP_UP ? MOST_TOP_UP : needed, till.pay.granularity)
  const wanted = { payer, ref, purpose, msat: amount, hold: false } as const
  // Who asks again may have paid.
  lookSoon(turn, till, payer)
  feed(turn, till, { type: 'fund', settled: seq, ...wanted }, answering(to))
}

/** An invoice for one job: where the payer has no tab, or its money is to wait for the result (`hold`). */
const onJobFund = (
  turn: NodeTurn,
  till: Till,
  to: Reach,
  { event, body }: Message<'fund'>,
): void => {
  const payer = event.pubkey
  const { ref, msat: needed, hold: slot, router } = body
  const hold = body.timing === 'hold'
  if (body.drop) return dropUnpaid(turn, till, ref as JobId, payer)
  if (needed > MOST_TOP_UP || ref === payer || (slot && slot.job !== ref)) return
  if (hold && !(slot && till.canHold)) return
  if (hold && slot && !mayHold(turn, slot.ticket)) return refuse(turn, to, slot, 'expired')
  if (slot) keepSlot(turn, till, payer, to, slot)
  lookSoon(turn, till, payer)
  const amount = jobInvoiceOf(needed, till.pay.granularity)
  const wanted = {
    payer,
    ref,
    purpose: 'job',
    msat: amount,
    hold,
    ...(router && { router }),
  } as const
  const settled = till.paidFor.get(`${payer} ${ref}`) ?? 0
  feed(turn, till, { type: 'fund', settled, ...wanted }, answering(to))
}

/**
 * No invoice is given for it: `expired` where a ticket died with a link, say, or has no such work; `no_tab` where our ledger
 * lacks what we signed. Its client need not wait for what does not come.
 */
const refuse = (
  turn: NodeTurn,
  { link, client }: Reach,
  { job, ticket }: { job: JobId; ticket: EventId },
  reason: 'expired' | 'no_tab',
): void => {
  const said = { status: 'refused', job, ticket, reason } as const
  say(turn, link, 'progress', said, { to: client, about: ticket })
}

/** Its payer will not pay it: what should come all the same goes back. */
const dropUnpaid = (turn: NodeTurn, till: Till, job: JobId, key: PubKey): void => {
  if (till.book.wanted.has(`${key} ${job}`))
    feed(turn, till, { type: 'unwanted', payer: key, ref: job })
  for (const { hash, ref, payer } of till.book.invoices.values())
    if (ref === job && payer === key && !jobHeldBy(turn, hash))
      feed(turn, till, { type: 'undelivered', hash })
}

/** Whether a ticket has work that is paid so. */
const mayHold = ({ state }: NodeTurn, id: EventId): boolean => {
  const ticket = state.tickets.get(id)
  return (
    ticket?.entries.some(
      ({ row, eta_ms }) =>
        eta_ms <= BOUNDS.holdEtaMs && rowOf(ticket.sheet, row)?.timings.includes('hold'),
    ) ?? false
  )
}

/** Keeps the ticket for whoever pays for it now, where that leaves enough for others. */
const keepSlot = (
  turn: NodeTurn,
  till: Till,
  payer: PubKey,
  { link, client }: Reach,
  { job, ticket: id }: { job: JobId; ticket: EventId },
): void => {
  const { state, now } = turn
  const ticket = state.tickets.get(id)
  if (!ticket || ticket.used || ticket.link !== link || ticket.expires <= now) return
  const slots = state.runners.reduce((sum, runner) => sum + runner.slots, 0)
  const hold = holdSlot(till.held, id, payer, slots, now)
  if (!hold) return
  const until = unixMs(Math.min(hold.until, ticket.expires))
  say(turn, link, 'progress', { status: 'held', job, ticket: id, until }, { to: client, about: id })
}
