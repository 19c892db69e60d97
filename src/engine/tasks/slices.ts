import { z } from 'zod'
import { utf8Length } from '../base/bytes.ts'
import type { Unit, Units } from '../protocol/fields.ts'
import { partsOf } from './split.ts'
import type { Slice } from './task.ts'

/** Most UTF-16 units of one slice: at three bytes each still well under a frame. */
const SLICE_CHARS = 8 * 1024

/** The delta of tasks whose whole result travels in slices. */
export const sliceDelta: z.ZodType<Slice> = z.object({
  json: z
    .string()
    .min(1)
    .max(4 * SLICE_CHARS),
})

/** A whole result as slices of its JSON, each with its share of `total` (docs/protocol.md, What is charged). */
export function* slicesOf(output: unknown, total: Units): Iterable<{ delta: Slice; usage: Units }> {
  const json = JSON.stringify(output)
  const size = utf8Length(json)
  let sent = 0
  for (const slice of partsOf(json, SLICE_CHARS)) {
    sent += utf8Length(slice)
    yield { delta: { json: slice }, usage: share(total, sent, size) }
  }
}

/** A slice in smaller ones. */
export const splitSlice = (slice: Slice, most: number): Slice[] =>
  partsOf(slice.json, most).map((json) => ({ json }))

/** The output that slices make. Throws SyntaxError or ZodError where they make none. */
export const joinSlices = <Output>(schema: z.ZodType<Output>, slices: readonly Slice[]): Output =>
  schema.parse(JSON.parse(slices.map((slice) => slice.json).join('')))

/** `total` × part / whole of each unit, rounded up: what is charged when only a part was delivered. */
export const share = (total: Units, part: number, whole: number): Units => {
  const units: Partial<Record<Unit, number>> = {}
  for (const [unit, n] of Object.entries(total) as [Unit, number][])
    // BigInt, because n × part leaves the safe integers at 64 MiB × 256 MiB.
    units[unit] =
      part >= whole ? n : Number((BigInt(n) * BigInt(part) + BigInt(whole) - 1n) / BigInt(whole))
  return units
}
