import type { Brand } from './brand.ts'
import { Fault } from './fault.ts'

/** Thousandths of a satoshi. Never a float, never a number: money is counted in BigInt. */
export type Msat = Brand<bigint, 'Msat'>

/** All sats that will ever be, in msat: no amount on this planet is larger. */
export const MAX_MSAT = 2_100_000_000_000_000_000n

/**
 * 10 bitcoin: no single amount that anybody signs is larger. Two million of them are no more than all the money there
 * is, so no sum of what strangers say leaves what `msat` takes.
 */
export const MOST_AMOUNT = 1_000_000_000_000n as Msat

/** An amount of msat; throws RangeError when negative or larger than all the money there is. */
export const msat = (amount: bigint): Msat => {
  if (amount < 0n || amount > MAX_MSAT) throw new RangeError(`${amount} msat is not an amount`)
  return amount as Msat
}

/** Parses the decimal string that amounts are on the wire; throws RangeError on anything else. */
export const parseMsat = (text: string): Msat => {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text))
    throw new RangeError(`"${text}" is not an amount in msat`)
  return msat(BigInt(text))
}

/**
 * Parses what people type: `10sat`, `500msat`, `1,000 sat`. A bare number is refused,
 * since nobody can know whether sats or msats were meant.
 * @throws Fault `usage` `money.unit` | `money.amount`
 */
export const parseAmount = (text: string, what: string): Msat => {
  const match = /^([0-9][0-9,_]*)(\.[0-9]{1,3})? ?(msat|sat|sats)?$/.exec(text.trim())
  if (!match)
    throw new Fault('usage', 'money.amount', `${what} ${text} is not an amount`, {
      hint: 'write a number and its unit, such as 5sat or 500msat',
    })
  const [, whole = '', fraction, unit] = match
  const digits = whole.replace(/[,_]/g, '')
  if (!unit)
    throw new Fault('usage', 'money.unit', `${what} ${text} has no unit`, {
      hint: `write ${digits}sat or ${digits}msat`,
    })
  if (unit === 'msat' && fraction)
    throw new Fault('usage', 'money.amount', `${what} ${text} is finer than an msat`, {
      hint: BigInt(digits) === 0n ? 'the smallest is 1msat' : `write ${digits}msat`,
    })
  const scale = unit === 'msat' ? 1n : 1000n
  const amount = BigInt(digits) * scale + BigInt((fraction ?? '').slice(1).padEnd(3, '0'))
  try {
    return msat(amount)
  } catch (cause) {
    throw new Fault(
      'usage',
      'money.amount',
      `${what} ${text} is more than all the money there is`,
      {
        hint: 'write a smaller amount',
        cause,
      },
    )
  }
}

/** Money for people: under 1,000 msat in msat, above in sat with three significant digits at most. */
export const showMsat = (amount: bigint): string => {
  if (amount < 1000n) return `${amount} msat`
  const sat = Number(amount) / 1000
  if (sat >= 1000) return `${Math.round(sat).toLocaleString('en-US')} sat`
  return `${Number(sat.toPrecision(3))} sat`
}
