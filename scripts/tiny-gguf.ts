import { bertModel } from './tiny-gguf/bert.ts'
import { llamaModel } from './tiny-gguf/llama.ts'
import { defaults, type TinyKind, type TinyOptions } from './tiny-gguf/options.ts'

/**
 * A very small model as a GGUF v3 file, which llama-server and ollama really load and run: real
 * tokenising, batching, sampling and streaming, and yet a known answer. Same options, same bytes.
 *
 * - `canned` answers `say`, whatever the prompt, then stops
 * - `endless` never stops by itself: for cancel, deadlines and limits
 * - `embed` gives bag-of-words vectors, `rerank` distinct and stable scores
 */
export const tinyGguf = (kind: TinyKind, options: Partial<TinyOptions> = {}): Uint8Array => {
  const shape = { ...defaults, ...options }
  const { embd, heads, kvHeads } = shape
  if (embd % heads || heads % kvHeads || (embd / heads) % 2)
    throw new RangeError('embd % heads, heads % kvHeads and an even size of a head are needed')
  return kind === 'embed' || kind === 'rerank' ? bertModel(kind, shape) : llamaModel(kind, shape)
}

export type { TinyKind, TinyOptions }
