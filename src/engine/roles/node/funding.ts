import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { openLetter } from '../../identity/letters.ts'
import { holdPaid, holdSlot } from '../../metering/invoice-book-slots.ts'
import type { BookEvent, BookedInvoice } from '../../metering/invoice-book-rows.ts'
import { rowOf } from '../../metering/rows.ts'
import { credit, lapse, tabAt } from '../../metering/tab.ts'
import { authorized, owed } from '../../metering/tab-rows.ts'
import { MOST_TOP_UP, dueInvoiceOf, jobInvoiceOf, topUpOf } from '../../metering/tab-top-up.ts'
import type { EventId, JobId, PubKey } from '../../protocol/ids.ts'
import { sealed } from '../../protocol/intake.ts'
import type { Contents, Message } from '../../protocol/messages.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import type { MoneyChange } from '../../storage/money-store.ts'
import { type Payee, feedBook, lookSoon, mayAsk, onUnwritten } from '../counter.ts'
import type { LinkId, Unwritten } from '../wire.ts'
import { extendJobs } from './charging.ts'
import { holdNews, jobHeldBy, takeHeld } from './hold-job.ts'
import { hear, noteAsking, refuseTab, tellAsking, tellTab } from './reach.ts'
import { type NodeJob, type NodeTurn, say } from './state.ts'
import { noteCounted, tellAgain } from './tab-sync.ts'
import { DUE_MS, type Till, awaitDebt, commit } from './till.ts'

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
  // Who paid the last invoice and needs another one asks for something else: a fast stream does so at once.
  const { seq = 0 } = tabAt(till.tabs, inner.event.pubkey) ?? {}
  const isDrop = inner.name === 'fund' && inner.body.drop
  const ref = inner.name === 'fund' ? `${inner.body.ref} ${isDrop ? 'drop' : seq}` : ''
  if (!mayAsk(turn, inner.name, event.pubkey, ref)) return
  const waits = inner.name === 'fund' && inner.body.hold
  hear(till, inner.event.pubkey, { link, client: event.pubkey, ...(waits && { waits }) })
  if (inner.name === 'fund' && !isDrop)
    noteAsking(till, inner.event.pubkey, inner.body.ref, { link, client: event.pubkey })
  if (inner.name === 'fund') onFund(turn, till, inner)
  else tellAgain(turn, till, inner)
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
export const offerInvoice = (turn: NodeTurn, { id, client, draw, body }: NodeJob): void => {
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
  const settled = isOff ? (till.paidFor.get(`${tab.key} ${ref}`) ?? 0) : tab.seq
  const wanted = { payer: tab.key, ref, msat: amount, hold: false } as const
  feed(turn, till, { type: 'fund', settled, purpose: debt ? 'after' : 'topup', ...wanted })
}

const onFund = (turn: NodeTurn, till: Till, inner: Message<'fund'>): void => {
  const payer = inner.event.pubkey
  const { for: purpose, ref, msat: needed, hold } = inner.body
  if (purpose === 'job') return onJobFund(turn, till, inner)
  // A tab is numbered by its own key. Other purposes have no invoice that is asked for here.
  if (purpose !== 'topup' || ref !== payer) return
  if (hold) keepSlot(turn, till, payer, hold)
  const seq = tabAt(till.tabs, payer)?.seq ?? 0
  const amount = topUpOf(seq, needed > MOST_TOP_UP ? MOST_TOP_UP : needed, till.pay.granularity)
  const wanted = { payer, ref, purpose, msat: amount, hold: false } as const
  // Who asks again may have paid.
  lookSoon(turn, till, payer)
  feed(turn, till, { type: 'fund', settled: seq, ...wanted })
}

/** An invoice for one job: where the payer has no tab, or its money is to wait for the result (`hold`). */
const onJobFund = (turn: NodeTurn, till: Till, { event, body }: Message<'fund'>): void => {
  const payer = event.pubkey
  const { ref, msat: needed, hold: slot, router } = body
  const hold = body.timing === 'hold'
  if (body.drop) return dropUnpaid(turn, till, ref as JobId, payer)
  if (needed > MOST_TOP_UP || ref === payer || (slot && slot.job !== ref)) return
  if (hold && !(slot && till.canHold && mayHold(turn, slot.ticket))) return
  if (slot) keepSlot(turn, till, payer, slot)
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
  feed(turn, till, { type: 'fund', settled, ...wanted })
}

/** Its payer will not pay it: what should come all the same goes back. */
const dropUnpaid = (turn: NodeTurn, till: Till, job: JobId, key: PubKey): void => {
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
  { job, ticket: id }: { job: JobId; ticket: EventId },
): void => {
  const { state, now } = turn
  const { link, client } = till.reach.get(payer)!
  const ticket = state.tickets.get(id)
  if (!ticket || ticket.used || ticket.link !== link || ticket.expires <= now) return
  const slots = state.runners.reduce((sum, runner) => sum + runner.slots, 0)
  const hold = holdSlot(till.held, id, payer, slots, now)
  if (!hold) return
  const until = unixMs(Math.min(hold.until, ticket.expires))
  say(turn, link, 'progress', { status: 'held', job, ticket: id, until }, { to: client, about: id })
}

/** One event for the invoice book: what follows from it is written with it, and done after that. */
export const feed = (turn: NodeTurn, till: Till, event: BookEvent): void =>
  feedBook(turn, till, PAYEE, event)

/** How a node counts: what arrives is its payer's tab's. */
const PAYEE: Payee<NodeTurn, Till> = {
  commit,
  terms: ({ state }, till, { payer, router }) => ({
    router: router ?? '',
    price: state.sheet.event.id,
    cum_used_msat: tabAt(till.tabs, payer)?.used ?? msat(0n),
  }),
  credit: (turn, till, paid) => {
    noteSeq(till, paid)
    noteCounted(till, paid)
    return [...credit(till.tabs, paid, turn.now, DUE_MS), ...takeHeld(turn, till, paid)]
  },
  tell: (turn, till, payer, name, content) => {
    tellTab(turn, till, payer, name, content)
    const said: Contents['invoice'] | Contents['paid'] = content
    if ('bolt11' in said) tellAsking(turn, till, payer, said)
  },
  refused: refuseTab,
  credited: (turn, till, payer) => {
    holdPaid(till.held, payer)
    extendJobs(turn, till, payer)
    askRest(turn, till, payer)
  },
  holds: { news: holdNews, preimage: (turn, hash) => jobHeldBy(turn, hash)?.hold?.preimage },
}

/**
 * A job that ended while another one's debt was out is told that invoice again, which is over less: what is owed besides
 * is asked for when that is paid. A session without a tab is asked job by job.
 */
const askRest = (turn: NodeTurn, till: Till, payer: PubKey): void => {
  const tab = tabAt(till.tabs, payer)
  const amount = tab && tab.seq > 0 ? dueInvoiceOf(tab, till.pay.granularity) : null
  if (!tab || amount === null) return
  const wanted = { payer, ref: payer, purpose: 'after', msat: amount, hold: false } as const
  feed(turn, till, { type: 'fund', settled: tab.seq, ...wanted })
}

/** What is numbered within a job; the oldest are forgotten first, and their payers ask for nothing more. */
const noteSeq = ({ paidFor }: Till, { payer, ref, seq }: BookedInvoice): void => {
  if (ref === payer) return
  paidFor.set(`${payer} ${ref}`, Math.max(seq, paidFor.get(`${payer} ${ref}`) ?? 0))
  if (paidFor.size > MOST_JOBS) paidFor.delete(paidFor.keys().next().value!)
}

const MOST_JOBS = 10_000
