import { msat } from '../../base/money.ts'
import { holdPaid } from '../../metering/invoice-book-slots.ts'
import type { BookEvent, BookedInvoice } from '../../metering/invoice-book-rows.ts'
import { credit, tabAt } from '../../metering/tab.ts'
import { dueInvoiceOf } from '../../metering/tab-top-up.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Contents } from '../../protocol/messages.ts'
import { type Payee, feedBook } from '../counter.ts'
import { extendJobs } from './charging.ts'
import { holdNews, jobHeldBy, takeHeld } from './hold-job.ts'
import { heardOf, refuseSession, takeAsking, tellLater, tellSession } from './reach.ts'
import type { NodeTurn } from './state.ts'
import { noteCounted } from './tab-sync.ts'
import { DUE_MS, type Reach, type Till, commit } from './till.ts'

/** How a node counts what it is paid, and whom it tells. */

/** One event for the invoice book: what follows from it is written with it, and done after that. */
export const feed = (turn: NodeTurn, till: Till, event: BookEvent, payee = PAYEE): void =>
  feedBook(turn, till, payee, event)

/** How a node counts: what arrives is its payer's tab's. */
export const PAYEE: Payee<NodeTurn, Till> = {
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
  tell: (turn, till, of, name, content) => {
    const last = heardOf(till, of)
    tellSession(turn, last, of.payer, name, content)
    if (name !== 'invoice') return
    const invoice = content as Contents['invoice']
    for (const to of takeAsking(till, of))
      if (to.client !== last?.client) tellLater(turn, till, of, { to, payer: of.payer, invoice })
  },
  refused: (turn, till, of, why) => refuseSession(turn, heardOf(till, of), why),
  credited: (turn, till, payer) => {
    holdPaid(till.held, payer)
    extendJobs(turn, till, payer)
    askRest(turn, till, payer)
  },
  holds: { news: holdNews, preimage: (turn, hash) => jobHeldBy(turn, hash)?.hold?.preimage },
}

/** What is there already, or why there will be none, is the answer to whoever asks. */
export const answering = (to: Reach): typeof PAYEE => ({
  ...PAYEE,
  tell: (turn, till, of, name, content) => {
    takeAsking(till, of, to.client)
    tellSession(turn, to, of.payer, name, content)
  },
  refused: (turn, _till, _of, why) => refuseSession(turn, to, why),
})

/**
 * A job that ended while another one's debt was out is told that invoice again, which is over less: what is owed besides
 * is asked for when that is paid. A session without a tab is asked job by job.
 */
export const askRest = (turn: NodeTurn, till: Till, payer: PubKey, payee = PAYEE): void => {
  const tab = tabAt(till.tabs, payer)
  const amount = tab && tab.seq > 0 ? dueInvoiceOf(tab, till.pay.granularity) : null
  if (!tab || amount === null) return
  const wanted = { payer, ref: payer, purpose: 'after', msat: amount, hold: false } as const
  feed(turn, till, { type: 'fund', settled: tab.seq, ...wanted }, payee)
}

/** What is numbered within a job; the oldest are forgotten first, and their payers ask for nothing more. */
const noteSeq = ({ paidFor }: Till, { payer, ref, seq }: BookedInvoice): void => {
  if (ref === payer) return
  paidFor.set(`${payer} ${ref}`, Math.max(seq, paidFor.get(`${payer} ${ref}`) ?? 0))
  if (paidFor.size > MOST_JOBS) paidFor.delete(paidFor.keys().next().value!)
}

const MOST_JOBS = 10_000
