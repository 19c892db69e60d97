import { utf8Length } from '../../base/bytes.ts'
import type { SummarizeDelta, SummarizeInput } from '../summarize.ts'
import { share } from '../slices.ts'
import type { BuiltIn } from '../task.ts'
import { type Sentence, sentencesOf, wordsOf } from './words.ts'

/**
 * Extractive summary by TextRank (Mihalcea and Tarau, 2004): a sentence matters when it shares
 * words with sentences that matter. One delta for each sentence, in the order of the text.
 */
export const textrank: BuiltIn = {
  task: 'text.summarize@1',
  model: 'fedai-textrank',
  *run(input) {
    const { input: text, sentences: wanted } = input as SummarizeInput
    const best = summaryOf(text, wanted)
    const total = { byte: utf8Length(text) }
    const texts = best.map((it, i) => (i === 0 ? it.text : ` ${it.text}`))
    const size = texts.reduce((sum, one) => sum + utf8Length(one), 0)
    let sent = 0
    for (const [i, one] of texts.entries()) {
      sent += utf8Length(one)
      const last = i === texts.length - 1
      const delta: SummarizeDelta = last
        ? { text: one, spans: best.map(({ start, end }) => ({ start, end })) }
        : { text: one }
      yield { delta, usage: share(total, sent, size) }
    }
  },
}

const SENTENCES = 20_000
const ROUNDS = 20
const DAMPING = 0.85
const SENTENCE_WORDS = 50

/** The `wanted` sentences that rank highest, in the order of the text. At least one, even of blank text. */
export const summaryOf = (text: string, wanted: number): Sentence[] => {
  const sentences = sentencesOf(text, SENTENCES)
  if (sentences.length === 0) return [{ text: '', start: 0, end: 0 }]
  const ranks = rank(sentences.map((it) => wordsOf(it.text)))
  const best = sentences.map((_, i) => i).toSorted((a, b) => ranks[b]! - ranks[a]! || a - b)
  const chosen = new Map<string, number>()
  for (const i of best) {
    if (chosen.size === wanted) break
    // A line that the text repeats (a heading, a footer) is said once.
    if (!chosen.has(sentences[i]!.text)) chosen.set(sentences[i]!.text, i)
  }
  return [...chosen.values()].toSorted((a, b) => a - b).map((i) => sentences[i]!)
}

/** A sparse matrix by rows: row i has `ids` and `weights` from `starts[i]` to `starts[i + 1]`. */
type Matrix = Readonly<{
  starts: Uint32Array
  ids: Uint32Array
  weights: Float64Array
  columns: number
}>

// Similarity is the dot product of weighted word vectors, S = A·Aᵀ. So S·r is A·(Aᵀ·r): linear in the
// number of words, where the usual matrix of all pairs would take minutes and gigabytes for a book.
const rank = (texts: readonly (readonly string[])[]): Float64Array => {
  const matrix = weigh(texts)
  const n = texts.length
  const degree = neighbours(matrix, new Float64Array(n).fill(1))
  let ranks = new Float64Array(n).fill(1 / n)
  for (let round = 0; round < ROUNDS; round++) {
    const given = ranks.map((it, i) => (degree[i]! > 0 ? it / degree[i]! : 0))
    ranks = neighbours(matrix, given).map((it) => (1 - DAMPING) / n + DAMPING * it)
  }
  // Sums of floats may differ in the last digit between machines: what is equal to 9 digits is a tie.
  return ranks.map((it) => Math.round(it * n * 1e9))
}

/** (S − its diagonal) · r: nobody recommends himself. */
const neighbours = (matrix: Matrix, r: Float64Array): Float64Array<ArrayBuffer> => {
  const { starts, ids, weights, columns } = matrix
  const byWord = new Float64Array(columns)
  for (let i = 0; i < r.length; i++)
    for (let k = starts[i]!; k < starts[i + 1]!; k++) byWord[ids[k]!]! += weights[k]! * r[i]!
  const out = new Float64Array(r.length)
  for (let i = 0; i < r.length; i++) {
    let sum = 0
    for (let k = starts[i]!; k < starts[i + 1]!; k++) {
      const weight = weights[k]!
      sum += weight * (byWord[ids[k]!]! - weight * r[i]!)
    }
    out[i] = Math.max(0, sum)
  }
  return out
}

// A word weighs less the more sentences have it (1/√df, no logarithm: its last digit is the libm's);
// words of more than half the text are noise. Rows are scaled by the root of their length: with the
// whole of it "Yes." would lead, with none of it the longest sentence would, always. What has more
// words than a sentence has is a table or a listing, and is scaled by the whole.
const weigh = (texts: readonly (readonly string[])[]): Matrix => {
  const known = new Map<string, number>()
  const frequency: number[] = []
  const bags = texts.map((text) => {
    const bag = new Map<number, number>()
    for (const word of text) {
      const id = known.get(word) ?? known.set(word, known.size).size - 1
      if (!bag.has(id)) frequency[id] = (frequency[id] ?? 0) + 1
      bag.set(id, (bag.get(id) ?? 0) + 1)
    }
    return bag
  })
  const common = Math.max(5, texts.length / 2)
  const size = bags.reduce((sum, bag) => sum + bag.size, 0)
  const matrix = {
    starts: new Uint32Array(texts.length + 1),
    ids: new Uint32Array(size),
    weights: new Float64Array(size),
    columns: known.size,
  }
  let at = 0
  for (const [i, bag] of bags.entries()) {
    let squares = 0
    for (const [id, n] of bag) {
      const df = frequency[id]!
      if (df > common) continue
      matrix.ids[at] = id
      matrix.weights[at++] = Math.sqrt(n / df)
      squares += n / df
    }
    const norm = Math.sqrt(squares)
    const scale = (bag.size > SENTENCE_WORDS ? norm : Math.sqrt(norm)) || 1
    for (let k = matrix.starts[i]!; k < at; k++) matrix.weights[k]! /= scale
    matrix.starts[i + 1] = at
  }
  return matrix
}
