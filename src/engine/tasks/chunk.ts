import { z } from 'zod'
import { utf8Length } from '../base/bytes.ts'
import { sizesOf, someText, text } from './inputs.ts'
import { joinSlices, sliceDelta, splitSlice } from './slices.ts'
import type { Slice, Task } from './task.ts'

const DEFAULTS = { words: { size: 200, overlap: 20 }, chars: { size: 1000, overlap: 100 } } as const

const input = z
  .object({
    input: someText,
    /** Length of a chunk, in `unit`. */
    size: z.number().int().min(1).max(1_000_000).optional(),
    /** How much of a chunk the next one repeats: half of it at most, so that the output stays bounded. */
    overlap: z.number().int().min(0).max(500_000).optional(),
    unit: z.enum(['words', 'chars']).default('words'),
  })
  .transform((it) => {
    const size = it.size ?? DEFAULTS[it.unit].size
    return { ...it, size, overlap: it.overlap ?? Math.min(DEFAULTS[it.unit].overlap, size >> 1) }
  })
  .refine((it) => it.overlap * 2 <= it.size, 'overlap is more than half of size')
export type ChunkInput = z.output<typeof input>

const output = z.object({
  /** `text` is the input from `start` to `end`: offsets in UTF-16 code units, the end excluded. */
  chunks: z.array(z.object({ text, start: z.number().int().min(0), end: z.number().int().min(0) })),
})
export type ChunkOutput = z.output<typeof output>

/** A long text in pieces of equal size that overlap. */
export const chunk: Task<ChunkInput, ChunkOutput, Slice> = {
  name: 'text.chunk@1',
  about: 'cuts a long text into pieces that overlap',
  input,
  output,
  delta: sliceDelta,
  units: ['byte'],
  deterministic: true,
  sizes: (it) => sizesOf({ bytes: utf8Length(it.input) }),
  join: (slices) => joinSlices(output, slices),
  split: splitSlice,
  text: () => '',
  show: (it) => it.chunks.map((one) => one.text).join('\n---\n'),
  fromText: (one) => ({ input: one }),
}
