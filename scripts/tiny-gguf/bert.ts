import { Gguf } from './container.ts'
import { filled, numbersOf, type TinyOptions, WORDS } from './options.ts'

/** Context of BERT models: position embeddings are learnt for so many. */
const CTX = 512
/** llama.cpp's numbers for how vectors of tokens become one. */
const POOLING = { embed: 1, rerank: 4 } as const

/**
 * A BERT whose attention is off (`embed`: the mean of the words' vectors) or an even mix
 * (`rerank`: pools the first token only, so that one must have seen the others).
 */
export const bertModel = (kind: 'embed' | 'rerank', options: TinyOptions): Uint8Array => {
  const { layers, embd, ff, seed } = options
  const numbers = numbersOf(seed)
  const file = new Gguf()
  const tokens = vocabulary()
  describe(file, kind, options, tokens)
  const norm = (name: string) => {
    file.tensor(`${name}.weight`, [embd], filled(embd, 1))
    file.tensor(`${name}.bias`, [embd], filled(embd, 0))
  }
  const linear = (name: string, from: number, to: number, weights: Float32Array) => {
    file.tensor(`${name}.weight`, [from, to], weights)
    file.tensor(`${name}.bias`, [to], filled(to, 0))
  }
  file.tensor('token_embd.weight', [embd, tokens.length], numbers.normal(embd * tokens.length, 1))
  file.tensor('position_embd.weight', [embd, CTX], filled(embd * CTX, 0))
  file.tensor('token_types.weight', [embd, 2], filled(embd * 2, 0))
  norm('token_embd_norm')
  const none = filled(embd * embd, 0)
  const same = Float32Array.from({ length: embd * embd }, (_, i) => (i % (embd + 1) ? 0 : 1))
  for (let i = 0; i < layers; i++) {
    const block = `blk.${i}`
    for (const part of ['attn_q', 'attn_k', 'attn_v']) {
      const mixing = part === 'attn_v' ? same : none
      const weights = kind === 'rerank' ? mixing : numbers.normal(embd * embd, 0.1)
      linear(`${block}.${part}`, embd, embd, weights)
    }
    linear(`${block}.attn_output`, embd, embd, kind === 'rerank' ? same : none)
    norm(`${block}.attn_output_norm`)
    linear(`${block}.ffn_up`, embd, ff, numbers.normal(embd * ff, 0.1))
    linear(`${block}.ffn_down`, ff, embd, filled(ff * embd, 0))
    norm(`${block}.layer_output_norm`)
  }
  if (kind === 'rerank') {
    linear('cls', embd, embd, numbers.normal(embd * embd, 0.3))
    linear('cls.output', embd, 1, numbers.normal(embd, 0.5))
  }
  return file.bytes()
}

// WordPiece as llama.cpp keeps it: U+2581 marks the beginning of a word.
const vocabulary = (): string[] => {
  const chars = [...'abcdefghijklmnopqrstuvwxyz0123456789.,!?\'-:;()"/@#$%&*+=_']
  return [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    ...chars.map((it) => `\u2581${it}`),
    ...chars,
    ...WORDS.filter((it) => it.length > 1).map((it) => `\u2581${it}`),
  ]
}

const describe = (
  file: Gguf,
  kind: 'embed' | 'rerank',
  { layers, embd, ff, heads }: TinyOptions,
  tokens: readonly string[],
): void => {
  file.string('general.architecture', 'bert')
  file.string('general.name', `tiny-${kind}`)
  file.u32('general.file_type', 0)
  file.u32('bert.block_count', layers)
  file.u32('bert.context_length', CTX)
  file.u32('bert.embedding_length', embd)
  file.u32('bert.feed_forward_length', ff)
  file.u32('bert.attention.head_count', heads)
  file.f32('bert.attention.layer_norm_epsilon', 1e-12)
  file.bool('bert.attention.causal', false)
  file.u32('bert.pooling_type', POOLING[kind])
  file.string('tokenizer.ggml.model', 'bert')
  file.strings('tokenizer.ggml.tokens', tokens)
  file.u32('tokenizer.ggml.token_type_count', 2)
  file.i32s(
    'tokenizer.ggml.token_type',
    tokens.map((_, i) => (i === 1 ? 2 : i < 5 ? 3 : 1)),
  )
  // Newer builds read bos and eos, older ones cls and sep ("seperator" is upstream's spelling).
  for (const [key, id] of Object.entries({
    bos: 2,
    eos: 3,
    unknown: 1,
    seperator: 3,
    padding: 0,
    cls: 2,
    mask: 4,
  }))
    file.u32(`tokenizer.ggml.${key}_token_id`, id)
}
