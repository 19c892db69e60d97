import { z } from 'zod'
import { utf8Length } from '../base/bytes.ts'
import { sizesOf, someText } from './inputs.ts'
import { joinSlices, sliceDelta, splitSlice } from './slices.ts'
import type { Slice, Task } from './task.ts'

const input = z.object({ input: z.union([someText, z.array(someText).min(1).max(4096)]) })
export type EmbedInput = z.output<typeof input>

const output = z.object({
  data: z
    .array(
      z.object({
        index: z.number().int().min(0),
        embedding: z.array(z.number()).min(1).max(65_536),
      }),
    )
    .min(1)
    .max(4096),
})
export type EmbedOutput = z.output<typeof output>

/** OpenAI's embeddings: one vector for each text, in the order of the texts. */
export const embed: Task<EmbedInput, EmbedOutput, Slice> = {
  name: 'text.embed@1',
  about: 'turns texts into vectors that can be compared',
  input,
  output,
  delta: sliceDelta,
  units: ['in_token'],
  deterministic: false,
  sizes: (it) => {
    const texts = textsOf(it.input)
    return sizesOf({
      bytes: texts.reduce((sum, one) => sum + utf8Length(one), 0),
      // A tokenizer frames every text (CLS, SEP), as a chat template frames every message.
      messages: texts.length,
      items: texts.length,
    })
  },
  join: (slices) => joinSlices(output, slices),
  split: splitSlice,
  text: () => '',
  show: (it) => it.data.map((one) => JSON.stringify(one.embedding)).join('\n'),
  fromText: (one) => ({ input: one }),
}

/** One text or many, as many. */
export const textsOf = (one: string | readonly string[]): readonly string[] =>
  typeof one === 'string' ? [one] : one
