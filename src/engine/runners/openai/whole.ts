import { z } from 'zod'
import { MIB } from '../../base/bounds.ts'
import type { Units } from '../../protocol/fields.ts'
import { type EmbedInput, type EmbedOutput, embed, textsOf } from '../../tasks/embed.ts'
import { rerank, type RerankInput, type RerankOutput } from '../../tasks/rerank.ts'
import { RunnerFault } from '../runner.ts'

/** Most bytes of a whole answer: 4,096 vectors of 4,096 numbers. */
export const WHOLE_BYTES = 256 * MIB

type Whole<Output> = Readonly<{
  output: Output
  usage: Units
  countedBy: 'runner' | 'node'
  model: string
}>

const tokens = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const about = { model: z.string().max(1000).nullish() }

const embeddings = z.object({
  ...about,
  data: z.array(z.object({ index: tokens, embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: tokens }).nullish().catch(null),
})

/** One vector for each text, all of one length, else the answer is not what was asked for. */
export const readEmbeddings = (
  input: EmbedInput,
  answer: unknown,
  inTokensMost: number,
): Whole<EmbedOutput> => {
  const it = shaped(embeddings, answer)
  const data = it.data.toSorted((a, b) => a.index - b.index)
  const wanted = textsOf(input.input).length
  const size = data[0]?.embedding.length
  if (
    data.length !== wanted ||
    data.some((one, i) => one.index !== i || one.embedding.length !== size)
  )
    throw wrongAnswer()
  const own = Math.ceil(embed.sizes(input).bytes / 8)
  const reported = it.usage?.prompt_tokens
  const usable = reported !== undefined && reported <= inTokensMost
  return {
    output: shaped(embed.output, { data }),
    usage: { in_token: usable ? reported : own },
    countedBy: usable ? 'runner' : 'node',
    model: it.model ?? '',
  }
}

const reranking = z.object({
  ...about,
  results: z.array(z.object({ index: tokens, relevance_score: z.number() })),
})

/** A score for every document, best first. Billed by what went in, which we measure ourselves. */
export const readReranking = (input: RerankInput, answer: unknown): Whole<RerankOutput> => {
  const it = shaped(reranking, answer)
  const seen = new Set(it.results.map((one) => one.index))
  const inside = it.results.every((one) => one.index < input.documents.length)
  if (!inside || seen.size !== it.results.length || seen.size !== input.documents.length)
    throw wrongAnswer()
  const results = it.results
    .toSorted((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
    .slice(0, input.top_n)
  const { documents, bytes } = rerank.sizes(input)
  return {
    output: { results },
    usage: { document: documents, byte: bytes },
    countedBy: 'node',
    model: it.model ?? '',
  }
}

const shaped = <T>(schema: z.ZodType<T>, answer: unknown): T => {
  const it = schema.safeParse(answer)
  if (it.success) return it.data
  throw wrongAnswer()
}

const wrongAnswer = (): RunnerFault =>
  new RunnerFault('crashed', 'the runner answered something else than it was asked for')
