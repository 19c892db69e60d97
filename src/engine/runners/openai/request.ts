import type { ChatInput } from '../../tasks/chat.ts'
import { type EmbedInput, textsOf } from '../../tasks/embed.ts'
import type { GenerateInput } from '../../tasks/generate.ts'
import type { RerankInput } from '../../tasks/rerank.ts'
import type { TaskName } from '../../tasks/task.ts'

/** The tasks that an OpenAI-compatible server can do, and where. */
export const PATHS = {
  'text.chat@1': '/v1/chat/completions',
  'text.generate@1': '/v1/completions',
  'text.embed@1': '/v1/embeddings',
  'text.rerank@1': '/v1/rerank',
} as const satisfies Partial<Record<TaskName, string>>
export type OpenaiTask = keyof typeof PATHS

export const isOpenaiTask = (task: TaskName): task is OpenaiTask => task in PATHS

export type Target = Readonly<{ model: string; outTokens: number; llama: boolean }>

/** The body of a request that streams text. */
export const streamBody = (
  task: 'text.chat@1' | 'text.generate@1',
  input: unknown,
  { model, outTokens, llama }: Target,
) => {
  const it = input as ChatInput | GenerateInput
  return {
    ...it,
    ...(task === 'text.chat@1' && 'messages' in it && { messages: it.messages.map(messageOf) }),
    model,
    max_tokens: Math.max(1, Math.min(it.max_tokens ?? outTokens, outTokens)),
    // Always streamed: only a closed stream tells llama-server at once that nobody waits any more.
    stream: true,
    stream_options: { include_usage: true },
    ...(llama && LLAMA),
  }
}

/** The body of a request whose answer is one object. */
export const wholeBody = (
  task: 'text.embed@1' | 'text.rerank@1',
  input: unknown,
  { model }: Pick<Target, 'model'>,
) =>
  task === 'text.embed@1'
    ? { model, input: textsOf((input as EmbedInput).input), encoding_format: 'float' }
    : {
        model,
        query: (input as RerankInput).query,
        documents: (input as RerankInput).documents,
        // Ours cuts to top_n itself: some servers ignore it, some call it otherwise.
        top_n: (input as RerankInput).documents.length,
      }

/**
 * llama-server alone: no prompt cache, since a count of cached tokens would tell one customer what
 * another one asked; token counts with every piece; and word from it while it reads the input.
 */
export const LLAMA = {
  cache_prompt: false,
  timings_per_token: true,
  return_progress: true,
} as const

// Absent rather than null: some servers take a null for a wrong type.
const messageOf = (message: ChatInput['messages'][number]) => ({
  ...message,
  content: message.content ?? (message.tool_calls ? null : ''),
})
