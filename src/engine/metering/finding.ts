import type { Dispute } from '../protocol/acknowledgement.ts'
import type { Unit, Units } from '../protocol/fields.ts'
import type { Receipt } from '../protocol/receipt.ts'

/** One thing that was checked. */
export type Finding = Readonly<{
  /** Stable and dotted, for scripts: `receipt.cost`. */
  check: string
  ok: boolean
  /** One sentence with the numbers: what holds, or what does not. */
  detail: string
  /** What an acknowledgement gives as its reason. Absent where the document is not about this job at all. */
  dispute?: Dispute
}>

/** A finding: `good` says what holds, `bad` what does not. */
export const finding = (
  check: string,
  ok: boolean,
  good: string,
  bad: string,
  dispute?: Dispute,
): Finding => {
  const it = { check, ok, detail: ok ? good : bad }
  return ok || dispute === undefined ? it : { ...it, dispute }
}

/** Ids and keys as people read them: shortened in the middle. */
export const short = (hex: string): string => `${hex.slice(0, 4)}…${hex.slice(-2)}`

/** Whole numbers with separators: `18,204`. */
export const many = (n: number | bigint): string => n.toLocaleString('en-US')

/** Seconds as people say them, in the two largest units: `45 s`, `3 min 20 s`, `29 days 23 h`. */
export const spanOf = (seconds: number): string => {
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), seconds < 172_800 ? 'day' : 'days'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const from = parts.findIndex(([n]) => n > 0)
  const said = parts.slice(from, from + 2).filter(([n]) => n > 0)
  return from < 0 ? '0 s' : said.map(([n, unit]) => `${many(n)} ${unit}`).join(' ')
}

/** A usage for people: `58 in_token, 61 out_token`. */
export const unitsOf = (usage: Units): string =>
  (Object.entries(usage) as [Unit, number][])
    .filter(([, n]) => n > 0)
    .map(([unit, n]) => `${many(n)} ${unit}`)
    .join(', ') || 'nothing'

/** Whether two usages are the same. A unit that is absent is zero. */
export const sameUnits = (a: Units, b: Units): boolean =>
  ([...Object.keys(a), ...Object.keys(b)] as Unit[]).every(
    (unit) => (a[unit] ?? 0) === (b[unit] ?? 0),
  )

/** The sum behind a cost, so that it can be checked by hand: `⌈58·1 + 61·2.5⌉ + 100 msat`. */
export const sumOf = ({ rates, usage, minimum, surcharge, status }: Receipt): string => {
  const terms = (Object.entries(rates) as [Unit, bigint][])
    .filter(([unit, rate]) => rate > 0n && (usage[unit] ?? 0) > 0)
    .map(([unit, rate]) => `${usage[unit]}·${perUnit(rate)}`)
  const sum = terms.length > 0 ? `⌈${terms.join(' + ')}⌉` : '0'
  if (status !== 'ok') return `${sum} msat`
  const whole = surcharge > 0n ? `${sum} + ${surcharge}` : sum
  return minimum > 0n ? `max(${minimum}, ${whole}) msat` : `${whole} msat`
}

/** A rate, msat per 10⁶, as msat for one: exact. */
const perUnit = (rate: bigint): string => {
  const fraction = String(rate % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '')
  return `${rate / 1_000_000n}${fraction && `.${fraction}`}`
}
