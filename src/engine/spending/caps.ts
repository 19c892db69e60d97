import { Fault } from '../base/fault.ts'
import { type Msat, msat, showMsat } from '../base/money.ts'

/** What a user allows, msat; null: no bound. */
export type SpendingCaps = Readonly<{
  /** For one job: `--max-price`. */
  maxPrice: Msat | null
  /** For a day (UTC), fees included: `--budget`. */
  budget: Msat | null
  /** Paid and unused at one node: `--max-exposure`. */
  exposure: Msat | null
}>

/** What was spent, and may still be: payments whose end is not known count in full. msat. */
export type Spent = Readonly<{ today: bigint; here: bigint }>

/** What is to be spent: what the job costs at most (0 where it is for no job), the payment, its routing. msat. */
export type Outlay = Readonly<{ price: Msat; msat: Msat; maxFee: Msat }>

/**
 * Whether a payment stays within what the user allows.
 * @returns null, or the Fault `refused` (77) `cap.exceeded` | `budget.exceeded` | `exposure.exceeded`: it
 *   names the flag and the sum that would allow it
 */
export const capFlaw = (caps: SpendingCaps, spent: Spent, outlay: Outlay): Fault | null => {
  const { price, msat: amount, maxFee } = outlay
  const checks: readonly Check[] = [
    ['cap', '--max-price', caps.maxPrice, price, (sum) => `the job may cost up to ${sum}`],
    [
      ...(['budget', '--budget', caps.budget, spent.today + amount + maxFee] as const),
      (sum) => `with this payment and its fee the day comes to ${sum}`,
    ],
    [
      ...(['exposure', '--max-exposure', caps.exposure, spent.here + amount] as const),
      (sum) => `with this payment ${sum} would be paid and unused at this node`,
    ],
  ]
  const over = checks.find(([, , cap, sum]) => cap !== null && sum > cap)
  return over ? faultOf(over) : null
}

/** Most that routing may cost where nobody says (docs/money.md): 10 sat, or a hundredth; a sat a hop is usual, whatever the amount. */
export const usualMaxFee = (amount: Msat): Msat =>
  msat(amount / 100n > 10_000n ? amount / 100n : 10_000n)

type Check = readonly [
  name: 'cap' | 'budget' | 'exposure',
  flag: string,
  cap: Msat | null,
  sum: bigint,
  sentence: (sum: string) => string,
]

const faultOf = ([name, flag, cap, sum, sentence]: Check): Fault => {
  // Rounded for people, unless they would then read two equal numbers.
  const show = showMsat(sum) === showMsat(cap ?? 0n) ? exactly : showMsat
  return new Fault(
    'refused',
    `${name}.exceeded`,
    `${sentence(show(sum))}, more than ${flag} ${show(cap ?? 0n)}`,
    { hint: `allow it with ${flag} ${typed(sum)}` },
  )
}

const exactly = (amount: bigint): string => `${amount.toLocaleString('en-US')} msat`

/** An amount as it can be typed back: exact, with its unit. */
const typed = (amount: bigint): string =>
  amount % 1000n === 0n ? `${amount / 1000n}sat` : `${amount}msat`
