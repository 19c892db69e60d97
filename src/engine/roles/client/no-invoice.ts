import { unixMs } from '../../base/clock.ts'
import type { Message } from '../../protocol/messages.ts'
import { askUnsent } from './again.ts'
import { endFunding, failAll, firstPayable } from './funding.ts'
import { holdsOut } from './hold.ts'
import { lostTab, noteLost } from './lost-books.ts'
import { type Funding, placeOf } from './money.ts'
import { invoicesOut, noInvoice } from './payee-faults.ts'
import type { ClientJob, ClientTurn } from './state.ts'
import { waitingFor } from './waiting.ts'

/** Before its job was sent a node says that it has no invoice for it. */
export const isUnpaid = (
  { phase, funding }: ClientJob,
  { body, event }: Message<'progress'>,
): boolean =>
  phase === 'funding' &&
  body.status === 'refused' &&
  event.pubkey === funding?.offered.node &&
  body.ticket === funding.offered.ticket.event.id

/**
 * A node has no invoice for us now, it says: the next is asked that can be paid. Where there is none it may have one
 * soon, and is asked for as long as one that says nothing.
 */
export const onNoInvoice = (turn: ClientTurn, job: ClientJob, reason: string | null): void => {
  const { state, now } = turn
  const money = state.money!
  const { node } = job.funding!.offered
  const places = [job.id, money.tab(node).pubkey].map((ref) => placeOf(node, ref))
  const one = places.map((it) => money.funding.get(it)).find((it) => it !== undefined)
  if (one?.phase !== 'asked') return
  if (reason === 'no_tab') return onNoTab(turn, one)
  // New offers name a ticket that lives.
  if (reason === 'expired' && one.ref === job.id && askUnsent(turn, job, reason))
    return endFunding(turn, one)
  // Those that an earlier process asked for, or had paid, are out for a while, or until they end.
  const full = reason !== 'policy' ? null : one.timing === 'hold' ? holdsOut() : invoicesOut()
  if (one.topUp === null && waitingFor(turn, one).every((it) => hasAnother(turn, it)))
    return failAll(turn, one, full ?? noInvoice('node'))
  if (full) one.stale ??= { until: unixMs(one.since + SILENT_MS), fault: full }
  if (now - one.since < SILENT_MS) one.asks = 0
  // Never later than it is due already: who says so again and again keeps nobody waiting.
  const due = `fund:${placeOf(node, one.ref)}` as const
  const soon = unixMs(now + NO_INVOICE_MS)
  if (soon < (state.deadlines.dueAt(due) ?? Infinity)) state.deadlines.set(due, soon)
}

/** The same, where no job waited: what its letter was about ends. */
export const onLetterRefused = (turn: ClientTurn, { body, event }: Message<'progress'>): void => {
  if (body.status !== 'refused' || body.reason !== 'no_tab') return
  for (const one of turn.state.money?.funding.values() ?? [])
    if (one.phase === 'asked' && one.node === event.pubkey && one.letter === body.ticket)
      onNoTab(turn, one)
}

/** Its ledger lacks what we have of our tab: nothing more is paid there. */
const onNoTab = (turn: ClientTurn, one: Funding): void => {
  noteLost(turn, one.node)
  failAll(turn, one, lostTab(turn.state.money!, one.node))
}

const hasAnother = (turn: ClientTurn, job: ClientJob): boolean => {
  const { phase, funding, offers } = job
  if (phase !== 'funding' || funding?.from !== null) return false
  const others = offers.filter(({ node }) => node !== funding.offered.node)
  return firstPayable(turn, job, others) !== undefined
}

/** When it is asked again, and for how long, as one that says nothing (funding.ts). */
const NO_INVOICE_MS = 1_000
const SILENT_MS = 15_000
