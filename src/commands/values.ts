import { Fault } from '../engine/base/fault.ts'
import { parseMs, writeMs } from '../engine/base/units.ts'
import { name } from '../engine/protocol/fields.ts'

/**
 * A whole number as people type it.
 * @param such one that could be meant, for the hint
 * @throws Fault `usage` `value.number`
 */
export const parseWhole = (
  text: string,
  what: string,
  least: number,
  most: number,
  such: number = Math.min(most, Math.max(least, 200)),
): number => {
  const n = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (n >= least && n <= most) return n
  throw new Fault(
    'usage',
    'value.number',
    `${what} ${brief(text)} is not a number from ${least} to ${most}`,
    {
      hint: `write a whole number, such as ${such}`,
    },
  )
}

/**
 * A span of time as people type it, `500ms`, `30s`, `5m`, `1h`, in milliseconds. A bare number is
 * refused, since nobody can know its unit.
 * @throws Fault `usage` `value.time`
 */
export const parseSpan = (text: string, what: string, mostMs: number, leastMs = 1): number => {
  const ms = parseMs(text)
  if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms
  const bare = /^[0-9]{1,9}$/.test(text)
  const message = bare
    ? `${what} ${brief(text)} has no unit`
    : ms !== undefined && ms > mostMs
      ? `${what} ${brief(text)} is longer than ${writeMs(mostMs)}`
      : `${what} ${brief(text)} is not a time`
  throw new Fault('usage', 'value.time', message, {
    hint: bare
      ? `write ${text}s or ${text}m`
      : `write a time such as 30s or 5m, ${writeMs(mostMs)} at most`,
  })
}

/**
 * The name of a stored identity.
 * @throws Fault `usage` `value.name`
 */
export const parseName = (text: string, what: string): string => {
  if (isName(text)) return text
  throw new Fault('usage', 'value.name', `${what} ${brief(text)} is no name for an identity`, {
    hint: NAME_RULE,
  })
}

/** What an identity may be called. */
export const isName = (text: string): boolean => /^[a-z0-9_-]{1,32}$/.test(text)
export const NAME_RULE = 'use 1 to 32 of the characters a-z, 0-9, _ and -'

/** As many patterns as an ask may have (docs/protocol.md). */
const MOST_MODELS = 20

/**
 * Names or patterns of models, as an ask may carry them.
 * @throws Fault `usage` `value.model`
 */
export const parseModels = (texts: readonly string[]): readonly string[] => {
  if (texts.length > MOST_MODELS)
    throw new Fault('usage', 'value.model', `--model is given ${texts.length} times`, {
      hint: `name at most ${MOST_MODELS}, or a pattern such as 'llama-*'`,
    })
  const wrong = texts.find((text) => !name.safeParse(text).success)
  if (wrong === undefined) return texts
  throw new Fault('usage', 'value.model', `--model ${brief(wrong)} is no name of a model`, {
    hint: "write 1 to 200 printable characters, such as 'llama-*', or leave --model out",
  })
}

/**
 * Refuses the same value twice: mostly a slip, and never twice the capacity.
 * @throws Fault `usage` `value.twice`
 */
export const checkTwice = (texts: readonly string[], what: string): void => {
  const plain = texts.map((text) => text.replace(/\/+$/, '').toLowerCase())
  const twice = texts.find((_, i) => plain.indexOf(plain[i]!) !== i)
  if (twice !== undefined)
    throw new Fault('usage', 'value.twice', `${what} ${brief(twice)} is given twice`, {
      hint: 'keep one',
    })
}

/** What was typed, as an error can show it: an empty text would leave a hole in the sentence. */
const brief = (text: string): string =>
  text === '' || /[^\x20-\x7e]/.test(text) ? JSON.stringify(text.slice(0, 60)) : text.slice(0, 60)
