import { type EmbedInput, textsOf } from '../embed.ts'
import { slicesOf } from '../slices.ts'
import type { BuiltIn } from '../task.ts'
import { wordsOf } from './words.ts'

const DIMENSIONS = 512
const WORD_WEIGHT = 1
const GRAM_WEIGHT = 0.5

/**
 * Vectors by signed hashing of words and of their three-letter parts (Weinberger et al., 2009):
 * texts that share words are near each other. No semantics, and named so. A token is a word.
 */
export const hashEmbed: BuiltIn = {
  task: 'text.embed@1',
  model: 'fedai-hash-512',
  *run(input) {
    const texts = textsOf((input as EmbedInput).input)
    let words = 0
    const data = texts.map((text, index) => {
      const all = wordsOf(text)
      words += all.length
      return { index, embedding: vectorOf(all) }
    })
    yield* slicesOf({ data }, { in_token: words })
  },
}

/** A vector of length 1, or of zeros for a text without words; six digits each. */
export const vectorOf = (words: readonly string[]): number[] => {
  const vector = new Float64Array(DIMENSIONS)
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  for (const [word, n] of counts) {
    // The square root keeps a word that is everywhere from drowning the others.
    add(vector, hash(word, 0x811c9dc5), WORD_WEIGHT * Math.sqrt(n))
    const framed = `^${word}$`
    for (let i = 0; i + 3 <= framed.length; i++)
      add(vector, hash(framed.slice(i, i + 3), 0x9747b28c), GRAM_WEIGHT * Math.sqrt(n))
  }
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0)) || 1
  // Adding 0 turns −0 into 0, which JSON would do on the way anyway.
  return Array.from(vector, (x) => Math.round((x / length) * 1e6) / 1e6 + 0)
}

const add = (vector: Float64Array, h: number, weight: number): void => {
  vector[h % DIMENSIONS]! += h >>> 31 ? -weight : weight
}

// FNV-1a over UTF-16 units with murmur3's finaliser, since FNV's high bits alone are too regular.
const hash = (text: string, seed: number): number => {
  let h = seed
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
