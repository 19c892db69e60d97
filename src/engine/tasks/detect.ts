import { z } from 'zod'
import { utf8Length } from '../base/bytes.ts'
import { textsOf } from './embed.ts'
import { sizesOf, text } from './inputs.ts'
import { joinSlices, sliceDelta, splitSlice } from './slices.ts'
import type { Slice, Task } from './task.ts'

const input = z.object({ input: z.union([text, z.array(text).min(1).max(10_000)]) })
export type DetectInput = z.output<typeof input>

const output = z.object({
  /** One for each text: an ISO 639-1 code, or `und` where none fits; confidence 0 to 1. */
  results: z
    .array(z.object({ lang: z.string().min(2).max(3), confidence: z.number().min(0).max(1) }))
    .min(1)
    .max(10_000),
})
export type DetectOutput = z.output<typeof output>

/** Which language a text is written in. */
export const detect: Task<DetectInput, DetectOutput, Slice> = {
  name: 'text.detect@1',
  about: 'says which language a text is written in',
  input,
  output,
  delta: sliceDelta,
  units: ['byte'],
  deterministic: true,
  sizes: (it) => {
    const texts = textsOf(it.input)
    return sizesOf({
      bytes: texts.reduce((sum, one) => sum + utf8Length(one), 0),
      items: texts.length,
    })
  },
  join: (slices) => joinSlices(output, slices),
  split: splitSlice,
  text: () => '',
  show: (it) => it.results.map((one) => `${one.lang} ${one.confidence.toFixed(2)}`).join('\n'),
  fromText: (one) => ({ input: one }),
}
