import { z } from 'zod'
import type { UnixMs } from '../base/clock.ts'
import { MAX_MSAT, MOST_AMOUNT, type Msat, parseMsat } from '../base/money.ts'
import { withQuickWay } from './compiled.ts'
import type { BootId, EventId, JobId, PubKey } from './ids.ts'

/** The building blocks of all message schemas. Bounded, every one. */

/** So many lower-case hex digits. */
export const hexOf = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))

export const hex16 = hexOf(32)
export const hex32 = hexOf(64)
// What these mean is a matter of types: a transform that gives back what it is given costs half as much
// again as the check.
const branded = <Name extends In, In>(schema: z.ZodType<In, In>) => schema as z.ZodType<Name, In>

export const pubKeyField = branded<PubKey, string>(hex32)
export const eventIdField = branded<EventId, string>(hex32)
export const jobIdField = branded<JobId, string>(hex32)
export const bootIdField = branded<BootId, string>(hex16)

/** A count of anything: 0 to 2^53 − 1. */
export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
/** A point in time, milliseconds since 1970, up to the last one that a Date can be. */
export const timeMs = branded<UnixMs, number>(count.max(8_640_000_000_000_000))
/** A span of time in milliseconds, a year at most. */
export const MOST_SPAN_MS = 31_536_000_000
export const spanMs = z.number().int().min(0).max(MOST_SPAN_MS)

/** msat on the wire, as a decimal string, from `least` to `most`. */
export const msatWithin = (least: bigint, most: bigint) => {
  const read = (value: unknown): Msat | undefined => {
    try {
      const amount = typeof value === 'string' ? parseMsat(value) : undefined
      return amount !== undefined && amount >= least && amount <= most ? amount : undefined
    } catch {
      return undefined
    }
  }
  const schema = z.string().transform((text, context): Msat => {
    const amount = read(text)
    if (amount === undefined) context.addIssue({ code: 'custom', message: 'not an amount in msat' })
    return amount ?? z.NEVER
  })
  return withQuickWay(schema, read)
}

/** One amount: what one thing costs, or is paid at once. It may be added to others. */
export const msatField = msatWithin(0n, MOST_AMOUNT)
/** A rate, a bound or a sum of many amounts: compared and multiplied, and never added to another. */
export const sumField = msatWithin(0n, MAX_MSAT)

/** A name for people and machines: printable, no spaces at the ends, 200 characters at most. */
export const name = z
  .string()
  .min(1)
  .max(200)
  // eslint-disable-next-line no-control-regex
  .regex(/^[^\s\u0000-\u001f\u007f]([^\u0000-\u001f\u007f]*[^\s\u0000-\u001f\u007f])?$/u)

/** `name@version`, or the bare name where any version will do. */
export const taskField = z
  .string()
  .regex(/^[a-z]+(\.[a-z]+)+(@[0-9]{1,4})?$/)
  .max(80)

/** A sentence for people, never parsed. */
export const sentence = z.string().max(500)

/**
 * The base units that rates are given in (docs/protocol.md, rates): integers, every one.
 * `token` is split by where it comes from, since input, cached input and output cost different.
 */
export const UNITS = [
  'in_token',
  'cached_token',
  'out_token',
  'byte',
  'character',
  'document',
  'item',
  'pixel',
  'pixel_step',
  'audio_ms',
] as const
export type Unit = (typeof UNITS)[number]

/** How much of each unit. Units that are absent are zero. */
export const unitsField = z.partialRecord(z.enum(UNITS), count)
export type Units = Readonly<Partial<Record<Unit, number>>>

/** msat per 10⁶ of each unit. */
export const ratesField = z.partialRecord(z.enum(UNITS), sumField)
export type Rates = Readonly<Partial<Record<Unit, Msat>>>

export const TIMINGS = ['before', 'stream', 'after', 'hold', 'free'] as const
export const timing = z.enum(TIMINGS)

export const CLASSES = ['interactive', 'balanced', 'batch'] as const
export const jobClass = z.enum(CLASSES)
export type JobClass = (typeof CLASSES)[number]

/** Another event in full, inside content. It is checked by intake.ts `carried`. */
export const carriedEvent = z.looseObject({
  id: hex32,
  pubkey: hex32,
  kind: count,
  sig: hexOf(128),
})

/** How a whole job ended, as its last piece says it. */
export const FINISHES = ['stop', 'length', 'tool', 'filter', 'payment', 'cancel', 'error'] as const
export const finish = z.enum(FINISHES)
export type Finish = (typeof FINISHES)[number]
