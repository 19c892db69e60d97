import { z } from 'zod'
import { BOUNDS } from '../base/bounds.ts'
import type { Sizes } from '../protocol/ask.ts'

/** A text of any length that can be sent at all. */
export const text = z.string().max(BOUNDS.inputBytes)
/** A text with something in it. */
export const someText = text.min(1)

/** Output tokens of a chat or completion that names no bound. */
export const DEFAULT_OUT_TOKENS = 512

/** OpenAI's sampling fields, under OpenAI's names. */
export const sampling = {
  max_tokens: z.number().int().min(1).max(1_000_000).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  seed: z.number().int().min(0).max(4_294_967_294).optional(),
  stop: z
    .union([z.string().min(1).max(200), z.array(z.string().min(1).max(200)).max(16)])
    .optional(),
}

/** What an input measures, where only bytes count. */
export const sizesOf = (sizes: Partial<Sizes> & { bytes: number }): Sizes => ({
  messages: 0,
  documents: 0,
  items: 0,
  out_tokens: 0,
  ...sizes,
})
