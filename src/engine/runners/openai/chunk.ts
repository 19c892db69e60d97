import { z } from 'zod'
import type { Finish } from '../../protocol/fields.ts'
import type { ChatDelta } from '../../tasks/chat.ts'
import { RunnerFault } from '../runner.ts'

const tokens = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const usage = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens.default(0),
  prompt_tokens_details: z.object({ cached_tokens: tokens.nullish() }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: tokens.nullish() }).nullish(),
})
export type ReportedUsage = z.output<typeof usage>

const toolCall = z.object({
  index: tokens.max(127).default(0),
  id: z.string().max(200).nullish(),
  function: z
    .object({ name: z.string().max(200).nullish(), arguments: z.string().nullish() })
    .nullish(),
})

const choice = z.object({
  index: tokens.default(0),
  finish_reason: z.string().max(100).nullish(),
  /** Of /v1/completions. */
  text: z.string().nullish(),
  /** Of /v1/chat/completions. */
  delta: z
    .object({
      content: z.string().nullish(),
      reasoning_content: z.string().nullish(),
      /** The same under vLLM's newer name. */
      reasoning: z.string().nullish(),
      tool_calls: z.array(toolCall).max(128).nullish(),
    })
    .nullish(),
})

/** One message of a stream, as far as we read it. */
export const chunk = z.object({
  model: z.string().max(1000).nullish(),
  choices: z.array(choice).max(16).nullish(),
  usage: usage.nullish().catch(null),
  /** llama-server's own counts, with `timings_per_token`. */
  timings: z
    .object({ prompt_n: tokens, predicted_n: tokens, cache_n: tokens.default(0) })
    .nullish()
    .catch(null),
  /** llama-server while it reads the input, with `return_progress`. */
  prompt_progress: z.looseObject({}).nullish().catch(null),
})
export type Chunk = z.output<typeof chunk>

/** What a chunk adds to a chat, or undefined where it adds nothing. */
export const chatDelta = (it: z.output<typeof choice>): ChatDelta | undefined => {
  const reasoning = it.delta?.reasoning_content || it.delta?.reasoning
  const calls = it.delta?.tool_calls ?? []
  const delta: ChatDelta = {
    ...(it.delta?.content && { text: it.delta.content }),
    ...(reasoning && { reasoning }),
    ...(calls.length > 0 && {
      tool_calls: calls.map((call) => ({
        index: call.index,
        ...(call.id && { id: call.id }),
        function: {
          ...(call.function?.name && { name: call.function.name }),
          ...(call.function?.arguments && { arguments: call.function.arguments }),
        },
      })),
    }),
  }
  return Object.keys(delta).length > 0 ? delta : undefined
}

const FINISHES: Readonly<Record<string, Finish>> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  tool_calls: 'tool',
  function_call: 'tool',
  content_filter: 'filter',
}

/** @throws RunnerFault `crashed` for a reason that is no good end, such as vLLM's `abort` */
export const finishOf = (reason: string): Finish => {
  const finish = FINISHES[reason]
  if (!finish) throw new RunnerFault('crashed', `the runner ended with "${reason.slice(0, 40)}"`)
  return finish
}
