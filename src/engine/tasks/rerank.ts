import { z } from 'zod'
import { utf8Length } from '../base/bytes.ts'
import { sizesOf, someText } from './inputs.ts'
import { joinSlices, sliceDelta, splitSlice } from './slices.ts'
import type { Slice, Task } from './task.ts'

const input = z.object({
  query: someText,
  documents: z.array(someText).min(1).max(10_000),
  top_n: z.number().int().min(1).max(10_000).optional(),
})
export type RerankInput = z.output<typeof input>

const output = z.object({
  /** Best first. `index` is the document's place in the input. */
  results: z
    .array(z.object({ index: z.number().int().min(0), relevance_score: z.number() }))
    .min(1)
    .max(10_000),
})
export type RerankOutput = z.output<typeof output>

/** Jina's and Cohere's rerank: which documents answer the query best. */
export const rerank: Task<RerankInput, RerankOutput, Slice> = {
  name: 'text.rerank@1',
  about: 'orders documents by how well they answer a query',
  input,
  output,
  delta: sliceDelta,
  units: ['document', 'byte'],
  deterministic: false,
  sizes: (it) =>
    sizesOf({
      bytes: it.documents.reduce((sum, one) => sum + utf8Length(one), utf8Length(it.query)),
      documents: it.documents.length,
    }),
  join: (slices) => joinSlices(output, slices),
  split: splitSlice,
  text: () => '',
  show: (it) =>
    it.results.map((one) => `${one.relevance_score.toFixed(3)}  document ${one.index}`).join('\n'),
}
