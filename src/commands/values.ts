import { Fault } from '../engine/base/fault.ts'

/**
 * A whole number as people type it.
 * @throws Fault `usage` `value.number`
 */
export const parseWhole = (text: string, what: string, least: number, most: number): number => {
  const n = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (n >= least && n <= most) return n
  throw new Fault(
    'usage',
    'value.number',
    `${what} ${text} is not a number from ${least} to ${most}`,
    {
      hint: `write a whole number, such as ${Math.min(most, Math.max(least, 200))}`,
    },
  )
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * A span of time as people type it, `500ms`, `30s`, `5m`, `1h`, in milliseconds. A bare number is
 * refused, since nobody can know its unit.
 * @throws Fault `usage` `value.time`
 */
export const parseSpan = (text: string, what: string, mostMs: number): number => {
  const [, digits = '', unit = ''] = /^([0-9]{1,9}) ?(ms|s|m|h)?$/.exec(text) ?? []
  const ms = Number(digits) * (UNITS[unit] ?? Number.NaN)
  if (ms >= 1 && ms <= mostMs) return ms
  const bare = digits !== '' && unit === ''
  const message = bare
    ? `${what} ${text} has no unit`
    : ms > mostMs
      ? `${what} ${text} is longer than ${mostMs / 3_600_000}h`
      : `${what} ${text} is not a time`
  throw new Fault('usage', 'value.time', message, {
    hint: bare ? `write ${digits}s or ${digits}m` : 'write a time such as 30s or 5m',
  })
}
