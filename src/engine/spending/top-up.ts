import { Fault } from '../base/fault.ts'
import { type Msat, msat, showMsat } from '../base/money.ts'
import { MOST_TOP_UP, topUpOf } from '../metering/tab-top-up.ts'

/**
 * What a top-up that somebody asks for comes to: exactly what was said, or nothing. Who types an amount never
 * pays another one.
 * @param amount as it was asked for, msat; null for what is usual
 * @param seq highest number of a top-up that we paid there; 0 before the first
 * @param granularity of the payee's wallet, msat
 * @returns what to ask an invoice for; or the Fault `usage` `top_up.too_much` | `top_up.too_little` | `top_up.units`,
 *   which names an amount that can be
 */
export const topUpSum = (amount: Msat | null, seq: number, granularity: Msat): Msat | Fault => {
  const usual = topUpOf(seq, msat(0n), granularity)
  if (amount === null) return usual
  if (amount > MOST_TOP_UP)
    return wrong(
      'too_much',
      `${showMsat(amount)} is more than a tab takes at once`,
      `top up by ${typed(MOST_TOP_UP)} at most, and again after that`,
    )
  if (amount < usual)
    return wrong(
      'too_little',
      `${showMsat(amount)} is less than a ${seq === 0 ? 'first' : 'later'} top-up: each costs a fee`,
      `top up by ${typed(usual)} at least`,
    )
  const asked = topUpOf(seq, amount, granularity)
  if (asked === amount) return amount
  return wrong(
    'units',
    `the node's wallet counts in units of ${showMsat(granularity)}`,
    `top up by ${typed(asked)}`,
  )
}

/** As it can be typed back. */
const typed = (amount: Msat): string =>
  amount % 1_000n === 0n ? `${amount / 1_000n}sat` : `${amount}msat`

const wrong = (code: string, message: string, hint: string): Fault =>
  new Fault('usage', `top_up.${code}`, message, { hint })
