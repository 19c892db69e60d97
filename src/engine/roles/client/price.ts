import { type Msat, msat } from '../../base/money.ts'
import { jobInvoiceOf } from '../../metering/tab-top-up.ts'
import type { NoOffer } from '../../protocol/offers.ts'
import type { Timing } from './money.ts'
import type { Offered } from './offered.ts'
import { lackOf } from './plan.ts'
import { unproven } from './proving.ts'
import type { ClientJob, ClientTurn } from './state.ts'

/**
 * What a job can cost whoever pays for it. On a tab that is its ceiling, since the rest stays there. By an invoice of
 * its own it is that whole invoice: at least a sat, in units of the node's wallet, and what is not used is lost.
 */

/** The most that a job can cost at a node, with what it has paid elsewhere for nothing, msat. */
export const priceAt = (turn: ClientTurn, job: ClientJob, offered: Offered): Msat => {
  const { ceiling, sheet } = offered
  const { pay } = sheet.body
  if (!pay || !isPaidAlone(turn, job, offered)) return ceiling
  const lack = toPay(turn, job, offered)
  const invoice = lack > 0n ? jobInvoiceOf(lack, pay.granularity) : 0n
  const sum = job.paidAlone + invoice
  return msat(sum > ceiling ? sum : ceiling)
}

/** Whether the job would be paid there by an invoice of its own. */
export const isPaidAlone = (turn: ClientTurn, job: ClientJob, offered: Offered): boolean =>
  Boolean(offered.sheet.body.pay) && offered.ceiling > 0n && isAlone(turn, job, offered.row.timings)

/** What the job that an invoice is paid for can cost with that, msat; 0 where it is for none. */
export const priceNow = (
  job: ClientJob | undefined,
  { ref, msat: more }: Readonly<{ ref: string; msat: Msat }>,
): Msat => {
  const offered = job?.phase === 'funding' ? job.funding?.offered : job?.attempt?.offered
  if (!job || !offered) return msat(0n)
  const sum = job.id === ref ? job.paidAlone + more : 0n
  return msat(sum > offered.ceiling ? sum : offered.ceiling)
}

/** Whether the router could only say what the cheapest would cost on a tab, and it would be paid alone. */
export const isNearUnknown = (turn: ClientTurn, job: ClientJob, none: NoOffer): boolean =>
  none.cheapest !== null && isAlone(turn, job, job.wish.timings ?? ['before'])

/** Why the router has no offer; the price of the cheapest as it would have to be paid. */
export const noneAt = (turn: ClientTurn, job: ClientJob, none: NoOffer): NoOffer => {
  const { cheapest } = none
  if (cheapest === null || !isNearUnknown(turn, job, none)) return none
  // In what its wallet counts is not said: whole sats do with all.
  return { ...none, cheapest: jobInvoiceOf(cheapest, WHOLE_SAT) }
}

/** Whether an invoice of its own pays for it (plan.ts). */
const isAlone = ({ state }: ClientTurn, job: ClientJob, admitted: readonly Timing[]): boolean => {
  const wanted = admitted.filter((it) => job.wish.timings?.includes(it) ?? true)
  if (!wanted.some((it) => it === 'before' || it === 'stream')) return wanted.includes('hold')
  // A dry run has no money, and is told the same.
  return (state.money?.off ?? state.tabOff) || job.offersMessage?.body.evidence === 'proof'
}

const toPay = (turn: ClientTurn, job: ClientJob, offered: Offered): Msat => {
  const { money } = turn.state
  if (!money?.off) return offered.ceiling
  return money.proves ? unproven(job, offered) : lackOf(turn, job, offered)
}

const WHOLE_SAT = msat(1_000n)
