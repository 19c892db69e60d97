import { seededRandom } from '../../src/engine/base/random.ts'

export type TinyKind = 'canned' | 'endless' | 'embed' | 'rerank'

export type TinyOptions = {
  /** What a `canned` model says: every word once, since the model is a table of next words. */
  say: string
  layers: number
  embd: number
  heads: number
  kvHeads: number
  ff: number
  /** Context in tokens. */
  ctx: number
  seed: number
}

export const defaults: TinyOptions = {
  say: 'hello from a tiny model',
  layers: 2,
  embd: 64,
  heads: 4,
  kvHeads: 2,
  ff: 128,
  ctx: 2048,
  seed: 1,
}

/** Numbers of a seed: near a normal distribution, and coin tosses. */
export const numbersOf = (seed: number) => {
  const random = seededRandom(seed)
  const uniform = () => random.below(2 ** 32) / 2 ** 32
  return {
    /** The sum of four dice is normal enough for weights. */
    normal: (n: number, scale: number) =>
      Float32Array.from(
        { length: n },
        () => (uniform() + uniform() + uniform() + uniform() - 2) * 1.73 * scale,
      ),
    uniform,
  }
}

export const filled = (n: number, value: number): Float32Array => new Float32Array(n).fill(value)

/** Frequent English words: prompts in tests are made of them. */
export const WORDS =
  'the of and to in is it you that he was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part'.split(
    ' ',
  )
