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

/** The `wanted` sentences that rank highest, in the order of the text. At least one, even of blank text. */
export const summaryOf = (text: string, wanted: number): Sentence[] => {
  const sentences = sentencesOf(text, SENTENCES)
  if (sentences.length === 0) return [{ text: '', start: 0, end: 0 }]
  const ranks = rank(sentences.map((it) => wordsOf(it.text)))
  return sentences
    .map((sentence, i) => ({ sentence, i, rank: ranks[i]! }))
    .toSorted((a, b) => b.rank - a.rank || a.i - b.i)
    .slice(0, wanted)
    .toSorted((a, b) => a.i - b.i)
    .map((it) => it.sentence)
}

type Entry = { word: number; weight: number }

// Similarity is the dot product of weighted word vectors, S = A·Aᵀ. So S·r is A·(Aᵀ·r): linear in the
// number of words, where the usual matrix of all pairs would take minutes and gigabytes for a book.
const rank = (texts: readonly (readonly string[])[]): Float64Array => {
  const { rows, words } = weigh(texts)
  const n = rows.length
  const self = rows.map((row) => row.reduce((sum, it) => sum + it.weight * it.weight, 0))
  const degree = neighbours(rows, words, self, new Float64Array(n).fill(1))
  let ranks = new Float64Array(n).fill(1 / n)
  for (let round = 0; round < ROUNDS; round++) {
    const given = ranks.map((it, i) => (degree[i]! > 0 ? it / degree[i]! : 0))
    ranks = neighbours(rows, words, self, given).map((it) => (1 - DAMPING) / n + DAMPING * it)
  }
  // Sums of floats may differ in the last digit between machines: what is equal to 9 digits is a tie.
  return ranks.map((it) => Math.round(it * n * 1e9))
}

/** (S − its diagonal) · r. */
const neighbours = (
  rows: readonly (readonly Entry[])[],
  words: number,
  self: readonly number[],
  r: Float64Array,
): Float64Array<ArrayBuffer> => {
  const byWord = new Float64Array(words)
  for (const [i, row] of rows.entries()) for (const it of row) byWord[it.word]! += it.weight * r[i]!
  return Float64Array.from(rows, (row, i) => {
    const sum = row.reduce((all, it) => all + it.weight * byWord[it.word]!, 0)
    return Math.max(0, sum - self[i]! * r[i]!)
  })
}

// A word weighs less the more sentences have it (1/√df, no logarithm: its last digit is the libm's),
// and rows have length 1, so that a long sentence has no head start. Words of half the text are noise.
const weigh = (texts: readonly (readonly string[])[]): { rows: Entry[][]; words: number } => {
  const ids = new Map<string, number>()
  const frequency: number[] = []
  const bags = texts.map((text) => {
    const bag = new Map<number, number>()
    for (const word of text) {
      const id = ids.get(word) ?? ids.set(word, ids.size).size - 1
      if (!bag.has(id)) frequency[id] = (frequency[id] ?? 0) + 1
      bag.set(id, (bag.get(id) ?? 0) + 1)
    }
    return bag
  })
  const common = Math.max(5, texts.length / 2)
  const rows = bags.map((bag) => {
    const row: Entry[] = []
    for (const [word, n] of bag) {
      const df = frequency[word]!
      if (df <= common) row.push({ word, weight: Math.sqrt(n) / Math.sqrt(df) })
    }
    // A sentence of two words is no summary: short rows count as if they had eight.
    const squares = row.reduce((sum, it) => sum + it.weight * it.weight, 0)
    const norm = Math.sqrt(squares * Math.max(1, 8 / Math.max(1, bag.size)))
    return norm > 0 ? row.map((it) => ({ word: it.word, weight: it.weight / norm })) : []
  })
  return { rows, words: ids.size }
}
