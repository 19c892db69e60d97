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
 * Parses what people type: `10sat`, `500msat`, `1.5sat`, `1,000 sat`.
 * @throws Fault `usage` `money.unit` | `money.amount`
 */
export const parseAmount = (text: string, what: string): Msat => {
  const read = readAmount(text)
  if (typeof read === 'bigint') return read
  throw new Fault('usage', read.code, `${what} ${text} ${read.why}`, { hint: read.hint })
}

/** Why a text is no amount: the end of a sentence that begins with it, and what to write. */
type NoAmount = Readonly<{
  code: 'money.unit' | 'money.amount'
  why: string
  hint: string
}>

/**
 * As `parseAmount`, for who says otherwise what is wrong. A bare number is refused, since nobody can know whether sats
 * or msats were meant. Commas, or else underscores, stand before each three digits of the whole part or nowhere: half of
 * Europe writes 1,5 for one and a half, which must not be read as 15.
 */
export const readAmount = (text: string): Msat | NoAmount => {
  const [, number = '', unit] =
    (text.length <= MOST_TEXT && /^(.*?) ?(msat|sats|sat)?$/.exec(text.trim())) || []
  const [, whole, decimals = ''] = NUMBER.exec(number) ?? []
  if (whole === undefined) return withComma(number, unit)
  const digits = whole.replace(/[,_]/g, '')
  const fraction = decimals.replace(/0+$/, '')
  if (!unit)
    return {
      code: 'money.unit',
      why: 'has no unit',
      hint: decimals
        ? `write ${digits}.${decimals.slice(0, 3)}sat`
        : whole === digits
          ? `write ${digits}sat or ${digits}msat`
          : `write ${digits}sat, or ${digits}msat, a thousandth of that`,
    }
  const places = unit === 'msat' ? 0 : 3
  const amount = BigInt(digits + fraction.slice(0, places).padEnd(places, '0'))
  if (amount > MAX_MSAT) return no('is more than all the money there is', 'write a smaller amount')
  if (fraction.length <= places) return amount as Msat
  const coarser = places === 0 ? `${digits}msat` : `${digits}.${fraction.slice(0, places)}sat`
  return no('is finer than an msat', amount === 0n ? 'the smallest is 1msat' : `write ${coarser}`)
}

/** The longest amount that is read. */
const MOST_TEXT = 100
const NUMBER = /^([0-9]+|[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?:_[0-9]{3})+))(?:\.([0-9]+))?$/
/** A number as it is written where the comma stands before the fraction. */
const COMMA = /^([0-9]+|[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+|(?:,[0-9]{3})+)),([0-9]{1,3})$/

const withComma = (number: string, unit: string | undefined): NoAmount => {
  const [, whole, decimals] = COMMA.exec(number) ?? []
  if (whole === undefined)
    return no(
      'is not an amount',
      'write a number and its unit, such as 5sat, 1.5sat, 1,000sat or 500msat',
    )
  // Three digits may be thousands as well: nobody is led to a sum a thousand times smaller.
  if (whole !== '0' && decimals?.length === 3)
    return no(
      'may mean thousands or a fraction',
      'write it without commas, such as 1000sat or 1.5sat',
    )
  const pointed = `${whole.replace(/[,.]/g, '')}.${decimals}${unit ?? ''}`
  const read = readAmount(pointed)
  return typeof read === 'bigint' ? no('has a comma before its fraction', `write ${pointed}`) : read
}

const no = (why: string, hint: string): NoAmount => ({ code: 'money.amount', why, hint })

/** Money for people: under 1,000 msat in msat, above in sat with three significant digits at most. */
export const showMsat = (amount: bigint): string => {
  if (amount < 1000n) return `${amount} msat`
  const sat = Number(amount) / 1000
  if (sat >= 1000) return `${Math.round(sat).toLocaleString('en-US')} sat`
  return `${Number(sat.toPrecision(3))} sat`
}

/** The same of what somebody has left: rounded down, so that nobody counts on more than there is. 0 or more. */
export const showLeft = (amount: bigint): string => {
  const rest = 10n ** BigInt(Math.max(0, String(amount).length - 3))
  // From 1,000 sat on whole sats are shown.
  const unit = amount >= 1_000_000n ? 1_000n : rest
  return showMsat(amount - (amount % unit))
}
