import { Gguf } from './container.ts'
import { filled, numbersOf, type TinyOptions, WORDS } from './options.ts'

const END = 2
/** `<unk> <s> </s>` and one token for each byte, so that any prompt has tokens. */
const FIRST_WORD = 259

/**
 * A llama whose attention and feed-forward parts put out zeros. What is left is the embedding of
 * the last token, so that the output matrix is a table of next tokens.
 */
export const llamaModel = (kind: 'canned' | 'endless', options: TinyOptions): Uint8Array => {
  const file = new Gguf()
  const vocabulary = vocabularyOf(kind, options.say)
  describe(file, kind, options, vocabulary)
  const { input, output } =
    kind === 'canned' ? cannedTable(options, vocabulary) : endlessTable(options, vocabulary)
  const { layers, embd, heads, kvHeads, ff, seed } = options
  const size = vocabulary.tokens.length
  const numbers = numbersOf(seed + 1)
  const kv = (embd / heads) * kvHeads
  file.tensor('token_embd.weight', [embd, size], input)
  for (let i = 0; i < layers; i++) {
    const weights = (part: string, from: number, to: number, data: Float32Array) =>
      file.tensor(`blk.${i}.${part}.weight`, [from, to], data)
    file.tensor(`blk.${i}.attn_norm.weight`, [embd], filled(embd, 1))
    weights('attn_q', embd, embd, numbers.normal(embd * embd, 0.1))
    weights('attn_k', embd, kv, numbers.normal(embd * kv, 0.1))
    weights('attn_v', embd, kv, numbers.normal(embd * kv, 0.1))
    weights('attn_output', embd, embd, filled(embd * embd, 0))
    file.tensor(`blk.${i}.ffn_norm.weight`, [embd], filled(embd, 1))
    weights('ffn_gate', embd, ff, numbers.normal(embd * ff, 0.1))
    weights('ffn_up', embd, ff, numbers.normal(embd * ff, 0.1))
    weights('ffn_down', ff, embd, filled(ff * embd, 0))
  }
  file.tensor('output_norm.weight', [embd], filled(embd, 1))
  file.tensor('output.weight', [embd, size], output)
  return file.bytes()
}

/** Tokens with type (1 normal, 2 unknown, 3 control, 6 byte) and score, and the ids of what is said. */
type Vocabulary = { tokens: string[]; types: number[]; scores: number[]; chain: number[] }

const vocabularyOf = (kind: 'canned' | 'endless', say: string): Vocabulary => {
  const it: Vocabulary = {
    tokens: ['<unk>', '<s>', '</s>'],
    types: [2, 3, 3],
    scores: [0, 0, 0],
    chain: [],
  }
  const add = (token: string, type: number, score: number) => {
    it.types.push(type)
    it.scores.push(score)
    return it.tokens.push(token) - 1
  }
  for (let byte = 0; byte < 256; byte++)
    add(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, 6, 0)
  const said =
    kind === 'canned'
      ? say
          .trim()
          .split(/\s+/)
          .map((word) => `\u2581${word}`)
      : []
  if (new Set(said).size !== said.length) throw new RangeError('say: every word once')
  for (const word of ['', ...WORDS].map((one) => `\u2581${one}`))
    if (!said.includes(word)) add(word, 1, -it.tokens.length)
  // The lowest scores, so that a prompt hardly ever becomes one of these tokens.
  it.chain = said.map((word) => add(word, 1, -1000 - it.tokens.length))
  return it
}

type Tables = { input: Float32Array; output: Float32Array }

// Dimension 0 says "not part of the answer" and leads to its first word; words of the answer carry a
// random code of ±1 in the others, and the next word's row in the output matrix is that code.
const cannedTable = ({ embd, seed }: TinyOptions, { tokens, chain }: Vocabulary): Tables => {
  const { uniform } = numbersOf(seed)
  const input = filled(embd * tokens.length, 0)
  const output = filled(embd * tokens.length, 0)
  for (let token = 0; token < tokens.length; token++)
    for (let d = 0; d < embd; d++) {
      const code = d === 0 ? 0 : uniform() < 0.5 ? -1 : 1
      const other = d === 0 ? Math.sqrt(embd) : 0.01 * (uniform() - 0.5)
      input[token * embd + d] = chain.includes(token) ? code : other
    }
  output[chain[0]! * embd] = Math.sqrt(embd)
  for (const [i, token] of chain.entries()) {
    const next = chain[i + 1] ?? END
    for (let d = 1; d < embd; d++) output[next * embd + d]! += input[token * embd + d]!
  }
  return { input, output }
}

// Plain words at random; the end and single bytes are pushed out of reach.
const endlessTable = ({ embd, seed }: TinyOptions, { tokens }: Vocabulary): Tables => {
  const numbers = numbersOf(seed)
  const input = numbers.normal(embd * tokens.length, 1)
  const output = numbers.normal(embd * tokens.length, 1)
  for (let token = 0; token < tokens.length; token++) {
    input[token * embd] = Math.sqrt(embd)
    output[token * embd] = token <= FIRST_WORD ? -100 : 0
  }
  return { input, output }
}

const TEMPLATE =
  "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"

const describe = (
  file: Gguf,
  kind: string,
  { layers, ctx, embd, ff, heads, kvHeads }: TinyOptions,
  { tokens, types, scores }: Vocabulary,
): void => {
  file.string('general.architecture', 'llama')
  file.string('general.name', `tiny-${kind}`)
  file.u32('general.file_type', 0)
  file.u32('llama.block_count', layers)
  file.u32('llama.context_length', ctx)
  file.u32('llama.embedding_length', embd)
  file.u32('llama.feed_forward_length', ff)
  file.u32('llama.attention.head_count', heads)
  file.u32('llama.attention.head_count_kv', kvHeads)
  file.f32('llama.attention.layer_norm_rms_epsilon', 1e-5)
  file.u32('llama.rope.dimension_count', embd / heads)
  file.f32('llama.rope.freq_base', 10000)
  file.u32('llama.vocab_size', tokens.length)
  file.string('tokenizer.ggml.model', 'llama')
  file.string('tokenizer.ggml.pre', 'default')
  file.strings('tokenizer.ggml.tokens', tokens)
  file.f32s('tokenizer.ggml.scores', scores)
  file.i32s('tokenizer.ggml.token_type', types)
  file.u32('tokenizer.ggml.bos_token_id', 1)
  file.u32('tokenizer.ggml.eos_token_id', END)
  file.u32('tokenizer.ggml.unknown_token_id', 0)
  file.bool('tokenizer.ggml.add_bos_token', true)
  file.bool('tokenizer.ggml.add_eos_token', false)
  file.string('tokenizer.chat_template', TEMPLATE)
}
