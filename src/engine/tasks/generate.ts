import { z } from 'zod'
import { utf8Length } from '../base/bytes.ts'
import { DEFAULT_OUT_TOKENS, sampling, sizesOf, someText, text } from './inputs.ts'
import { partsOf } from './split.ts'
import type { Task } from './task.ts'

const input = z.object({ prompt: someText, ...sampling })
export type GenerateInput = z.output<typeof input>

const delta = z.object({ text })
export type TextDelta = z.output<typeof delta>

const output = z.object({ text })
export type GenerateOutput = z.output<typeof output>

/** OpenAI's (old) completion: the text goes on, without a chat template. */
export const generate: Task<GenerateInput, GenerateOutput, TextDelta> = {
  name: 'text.generate@1',
  about: 'continues a text',
  input,
  output,
  delta,
  units: ['in_token', 'cached_token', 'out_token'],
  deterministic: false,
  sizes: (it) =>
    sizesOf({ bytes: utf8Length(it.prompt), out_tokens: it.max_tokens ?? DEFAULT_OUT_TOKENS }),
  join: (deltas) => ({ text: deltas.map((it) => it.text).join('') }),
  split: (it, most) => partsOf(it.text, most).map((part) => ({ text: part })),
  text: (it) => it.text,
  show: (it) => it.text,
  fromText: (prompt, { maxTokens }) => ({
    prompt,
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
  }),
}
