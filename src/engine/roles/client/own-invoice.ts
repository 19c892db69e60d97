import type { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { jobInvoiceOf } from '../../metering/tab-top-up.ts'
import type { JobId, PubKey } from '../../protocol/ids.ts'
import { usualMaxFee } from '../../spending/caps.ts'
import { leftOn } from '../../spending/ledger.ts'
import { payOf } from './amounts.ts'
import { leftAt } from './left.ts'
import type { Funding } from './money.ts'
import { priceNow } from './price.ts'
import type { ClientJob, ClientTurn } from './state.ts'
import { runningAt, tellNode } from './tabs.ts'

/** An invoice for one job alone: what it will ask is known before, and one that is not paid is given back. */

/**
 * Why it would not be paid, before the node makes it: one that is asked for and not paid stands there for a minute, and
 * two by `hold` are all that a node gives. null where it is within all caps.
 */
export const overAlone = (
  turn: ClientTurn,
  job: ClientJob,
  { node, ref, needed }: Pick<Funding, 'node' | 'ref' | 'needed'>,
): Fault | null => {
  const money = turn.state.money!
  const pay = payOf(turn, node)
  if (!pay) return null
  const sum = jobInvoiceOf(needed, pay.granularity)
  return money.over({
    node,
    key: money.tab(node).pubkey,
    ref,
    caps: { ...money.caps, maxPrice: job.wish.cap },
    price: priceNow(job, { ref, msat: sum }),
    msat: sum,
    maxFee: usualMaxFee(sum),
    used: unbookedAt(turn, node),
  })
}

/** What of our tab is used and in no book yet, msat. */
export const unbookedAt = ({ state }: ClientTurn, node: PubKey): bigint => {
  const money = state.money!
  const running = runningAt(state.jobs.values(), node, money.tab(node).pubkey)
  return leftOn(money.view(node)) - leftAt(money, node) + running
}

/** A job by `hold` will not be paid there: its node need not keep the invoice, where it has made one. */
export const giveBack = (turn: ClientTurn, job: ClientJob, node: PubKey): void => {
  if (turn.state.link === null) return
  const state = job.holds.get(node)?.state
  // What is on its way to the node comes back by its own rules.
  if (state === 'paying' || state === 'held') return
  const ref: JobId = job.id
  const sum = String(msat(0n))
  tellNode(turn, node, 'fund', {
    for: 'job',
    ref,
    msat: sum,
    hold: null,
    timing: 'hold',
    drop: true,
  })
}
