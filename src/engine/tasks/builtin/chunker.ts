import { chunk, type ChunkInput, type ChunkOutput } from '../chunk.ts'
import { slicesOf } from '../slices.ts'
import type { BuiltIn } from '../task.ts'

/** Windows of equal size over a text's words or characters. */
export const chunker: BuiltIn = {
  task: 'text.chunk@1',
  model: 'fedai-chunk',
  *run(input) {
    const it = input as ChunkInput
    yield* slicesOf(chunksOf(it), { byte: chunk.sizes(it).bytes })
  },
}

export const chunksOf = ({ input, size, overlap, unit }: ChunkInput): ChunkOutput => {
  const places = unit === 'words' ? wordPlaces(input) : charPlaces(input)
  const chunks: ChunkOutput['chunks'] = []
  for (let first = 0; first < places.length; first += size - overlap) {
    const last = Math.min(first + size, places.length) - 1
    const start = places.start(first)
    const end = places.end(last)
    chunks.push({ text: input.slice(start, end), start, end })
    if (last === places.length - 1) break
  }
  return { chunks }
}

/** Where the n-th unit begins and ends. */
type Places = { length: number; start(n: number): number; end(n: number): number }

const wordPlaces = (text: string): Places => {
  const found = [...text.matchAll(/\S+/g)].map((it) => [it.index, it.index + it[0].length] as const)
  return { length: found.length, start: (n) => found[n]![0], end: (n) => found[n]![1] }
}

// A character is a UTF-16 unit, but no chunk begins or ends inside a surrogate pair.
const charPlaces = (text: string): Places => {
  const insidePair = (at: number) =>
    at > 0 && /[\uDC00-\uDFFF]/.test(text[at] ?? '') && /[\uD800-\uDBFF]/.test(text[at - 1]!)
  const whole = (at: number) => (insidePair(at) ? at + 1 : at)
  return { length: text.length, start: whole, end: (n) => whole(n + 1) }
}
