import { msat } from '../../base/money.ts'
import { costOf } from '../../metering/cost.ts'
import type { Units } from '../../protocol/fields.ts'
import type { Attempt, ClientState } from './state.ts'

/**
 * A node sends a key no more than a tenth of what it ever credited before it credits that, too
 * (metering/owed.ts). So credits leave at once while they matter, and nothing ever waits for one.
 */
export type Payments = {
  /** Cost of what was credited, and of what came and is not, over all jobs there, msat. */
  credited: bigint
  uncredited: bigint
}

/** Output came that sums to this usage. */
export const received = (state: ClientState, attempt: Attempt, usage: Units): void => {
  const { row, entry } = attempt.offered
  const cost = costOf({
    rates: row.rates,
    usage,
    minimum: row.minimum,
    surcharge: entry.warm ? msat(0n) : row.cold_surcharge,
    ceiling: attempt.body.ceiling,
    // The frame flagged last is credited at once in any case.
    succeeded: false,
  })
  paymentsTo(state, attempt).uncredited += cost - attempt.cost
  attempt.cost = cost
}

/** Whether a credit must go now: half of what the node lets us have unpaid is out. */
export const mustPay = (state: ClientState, attempt: Attempt): boolean => {
  const { credited, uncredited } = paymentsTo(state, attempt)
  return uncredited * 20n > credited
}

/** All that came is credited. */
export const paid = (state: ClientState, attempt: Attempt): void => {
  const payments = paymentsTo(state, attempt)
  payments.uncredited -= attempt.cost - attempt.paid
  payments.credited += attempt.cost - attempt.paid
  attempt.paid = attempt.cost
}

/** What came of it and is not credited never will be. */
export const abandoned = (state: ClientState, attempt: Attempt): void => {
  paymentsTo(state, attempt).uncredited -= attempt.cost - attempt.paid
  attempt.paid = attempt.cost
}

/** A node that was started anew remembers nothing of what it was paid. */
const paymentsTo = ({ payments }: ClientState, { offered }: Attempt): Payments => {
  const key = `${offered.node} ${offered.ticket.body.boot}`
  const before = payments.get(key)
  if (before) return before
  const one = { credited: 0n, uncredited: 0n }
  payments.set(key, one)
  // The oldest is forgotten: with that node we only credit more often than we must.
  if (payments.size > MOST_NODES) payments.delete(payments.keys().next().value!)
  return one
}

const MOST_NODES = 1_024
