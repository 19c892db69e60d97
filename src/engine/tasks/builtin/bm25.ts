import { rerank, type RerankInput, type RerankOutput } from '../rerank.ts'
import { slicesOf } from '../slices.ts'
import type { BuiltIn } from '../task.ts'
import { wordsOf } from './words.ts'

/** Rerank by BM25 (Robertson and Zaragoza, 2009): words, not meaning, and named so. */
export const bm25: BuiltIn = {
  task: 'text.rerank@1',
  model: 'fedai-bm25',
  *run(input) {
    const it = input as RerankInput
    const { bytes, documents } = rerank.sizes(it)
    yield* slicesOf(rankDocuments(it), { document: documents, byte: bytes })
  },
}

const K1 = 1.2
const B = 0.75

/** Documents by score, best first; equal scores in the order of the input. */
export const rankDocuments = ({ query, documents, top_n }: RerankInput): RerankOutput => {
  const wanted = new Set(wordsOf(query))
  const texts = documents.map((document) => countOf(wordsOf(document), wanted))
  const mean = texts.reduce((sum, it) => sum + it.length, 0) / texts.length || 1
  const idf = new Map<string, number>()
  for (const word of wanted) {
    const having = texts.filter((it) => it.counts.has(word)).length
    idf.set(word, Math.log(1 + (texts.length - having + 0.5) / (having + 0.5)))
  }
  const results = texts.map(({ counts, length }, index) => {
    let score = 0
    for (const [word, n] of counts)
      score += (idf.get(word)! * n * (K1 + 1)) / (n + K1 * (1 - B + (B * length) / mean))
    // Six digits: the logarithm's last ones differ between machines.
    return { index, relevance_score: Math.round(score * 1e6) / 1e6 }
  })
  results.sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
  return { results: results.slice(0, top_n) }
}

const countOf = (words: readonly string[], wanted: ReadonlySet<string>) => {
  const counts = new Map<string, number>()
  for (const word of words) if (wanted.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return { counts, length: words.length }
}
