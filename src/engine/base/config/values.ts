import { z } from 'zod'
import { MAX_MSAT, type Msat, readAmount, showMsat } from '../money.ts'
import { parseBytes, parseMs, writeBytes, writeMs } from '../units.ts'

/**
 * What a setting may be. `schema` takes the value as TOML has it; a variable or a flag is text,
 * which `ofText` turns into that form first.
 */
export type Value<T> = Readonly<{
  /** What is expected, to follow “is not”: `a time such as 30s`. */
  expected: string
  schema: z.ZodType<T>
  ofText: (text: string) => unknown
  /** Lists add up within one source; flags of a list are repeatable. */
  list: boolean
  /** Words that may be written, where there are a few; for what is no `choice`, others besides. */
  choices?: readonly string[]
  /** What is wrong with a value that is not taken, where more than “is not” and what is expected can be said of it. */
  wrong?: (raw: unknown) => Readonly<{ why: string; hint: string }> | undefined
  /** Keys of people are checked by their checksum where they are read (identity is not base). */
  key?: 'npub' | 'pinned'
}>

const asIs = (text: string): unknown => text

const value = <T>(
  expected: string,
  schema: z.ZodType<T>,
  rest: Partial<Value<T>> = {},
): Value<T> => ({ expected, schema, ofText: asIs, list: false, ...rest })

/** A whole number within bounds. */
export const whole = (least: number, most: number): Value<number> =>
  value(`a whole number from ${least} to ${most}`, z.int().min(least).max(most), {
    ofText: (text) => (/^[0-9]{1,15}$/.test(text) ? Number(text) : text),
  })

/** A span of time within bounds, in milliseconds once read. */
export const span = (least: number, most: number): Value<number> =>
  value(
    `a time from ${writeMs(least)} to ${writeMs(most)}, such as 30s`,
    measured(parseMs, least, most),
  )

/** A size within bounds, in bytes once read. */
export const size = (least: number, most: number): Value<number> =>
  value(
    `a size from ${writeBytes(least)} to ${writeBytes(most)}, such as 64KiB`,
    measured(parseBytes, least, most),
  )

/** An amount of money, up to a bound. */
export const amount = (most: bigint = MAX_MSAT): Value<Msat> =>
  value(
    `an amount with its unit, such as 10sat or 500msat${most < MAX_MSAT ? `, at most ${showMsat(most)}` : ''}`,
    z.string().transform((text, context): Msat => {
      const given = readAmount(text)
      if (typeof given === 'bigint' && given <= most) return given
      context.addIssue('no amount')
      return z.NEVER
    }),
    {
      wrong: (raw) => {
        const given = typeof raw === 'string' ? readAmount(raw) : undefined
        return typeof given === 'object' ? given : undefined
      },
    },
  )

/** One of a few words. */
export const choice = <const T extends string>(...choices: readonly T[]): Value<T> =>
  value(`one of ${choices.join(', ')}`, z.enum(choices), { choices })

/** Text of a certain form. */
export const text = (
  expected: string,
  pattern: RegExp,
  rest: Pick<Value<string>, 'key' | 'choices'> = {},
): Value<string> => value(expected, z.string().max(MOST_TEXT).regex(pattern), rest)

/** The name of a stored identity. */
export const identity = (): Value<string> =>
  text('a name of 1 to 32 of a-z, 0-9, _ and -', /^[a-z0-9_-]{1,32}$/)

/** The path of a file. */
export const file = (): Value<string> => text('the path of a file', /^[^\p{Cc}]{1,4096}$/u)

/**
 * Several values of one sort, none of them twice.
 * @param separator between them in a variable
 */
export const list = <T>(of: Value<T>, most: number, separator = ','): Value<readonly T[]> =>
  value(
    `a list (${most} at most, none twice), each ${of.expected}`,
    z
      .array(of.schema)
      .max(most)
      .refine((all) => new Set(all).size === all.length),
    {
      ofText: (given) => given.split(separator).map((part) => of.ofText(part.trim())),
      list: true,
      ...(of.choices && { choices: of.choices }),
      ...(of.key && { key: of.key }),
    },
  )

/** An address to listen on. Port 0 is any free one. */
export type Listen = Readonly<{ host: string; port: number }>

/** `HOST:PORT`, the host of IPv6 in brackets. */
export const listen = (): Value<Listen> =>
  value(
    'an address such as 127.0.0.1:7447 or [::1]:7447',
    z
      .string()
      .max(300)
      .regex(LISTEN)
      .transform((given) => {
        const [, six, host, port] = LISTEN.exec(given)!
        return { host: six ?? host!, port: Number(port) }
      })
      .refine(({ port }) => port <= 65_535),
  )

/** As long as a path may be on Linux (PATH_MAX). */
const MOST_TEXT = 4096
const LISTEN = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9_.-]{1,253})):([0-9]{1,5})$/

const measured = (parse: (text: string) => number | undefined, least: number, most: number) =>
  z
    .string()
    .max(20)
    .transform((given, context): number => {
      const n = parse(given)
      if (n !== undefined && n >= least && n <= most) return n
      context.addIssue('out of bounds')
      return z.NEVER
    })
