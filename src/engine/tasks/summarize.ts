import { z } from 'zod'
import { utf8Length } from '../base/bytes.ts'
import { sizesOf, someText, text } from './inputs.ts'
import { partsOf } from './split.ts'
import type { Task } from './task.ts'

const input = z.object({
  input: someText,
  /** How many sentences, at most. */
  sentences: z.number().int().min(1).max(50).default(3),
})
export type SummarizeInput = z.output<typeof input>

/** Where in the input a sentence stands: offsets in UTF-16 code units, the end excluded. */
const span = z.object({ start: z.number().int().min(0), end: z.number().int().min(0) })

const delta = z.object({ text, spans: z.array(span).max(50).optional() })
export type SummarizeDelta = z.output<typeof delta>

const output = z.object({ text, spans: z.array(span).max(50) })
export type SummarizeOutput = z.output<typeof output>

/** The sentences that say most of a text, in the text's own words and order. */
export const summarize: Task<SummarizeInput, SummarizeOutput, SummarizeDelta> = {
  name: 'text.summarize@1',
  about: 'picks the sentences that say most of a text',
  input,
  output,
  delta,
  units: ['byte'],
  deterministic: true,
  sizes: (it) => sizesOf({ bytes: utf8Length(it.input) }),
  split: (it, most) =>
    it.text.length <= most
      ? [it]
      : [
          ...partsOf(it.text, most).map((part) => ({ text: part })),
          ...(it.spans ? [{ text: '', spans: it.spans }] : []),
        ],
  join: (deltas) => ({
    text: deltas.map((it) => it.text).join(''),
    spans: deltas.flatMap((it) => it.spans ?? []),
  }),
  text: (it) => it.text,
  show: (it) => it.text,
  fromText: (one) => ({ input: one }),
}
