import type { ChatInput } from '../../tasks/chat.ts'

/**
 * The body of POST /api/chat. `truncate` and `shift` are off always: by default ollama cuts a prompt
 * that is too long and answers what is left of it, with 200 and no word. Its /v1 cannot be told so.
 */
export const chatBody = (
  it: ChatInput,
  { model, ctx, outTokens }: Readonly<{ model: string; ctx: number; outTokens: number }>,
) => ({
  model,
  messages: it.messages.map(messageOf),
  stream: true,
  truncate: false,
  shift: false,
  options: {
    // The same for every job: another number would make ollama load the model anew.
    num_ctx: ctx,
    num_predict: Math.max(1, Math.min(it.max_tokens ?? outTokens, outTokens)),
    ...(it.temperature !== undefined && { temperature: it.temperature }),
    ...(it.top_p !== undefined && { top_p: it.top_p }),
    ...(it.seed !== undefined && { seed: it.seed }),
    ...(it.stop !== undefined && { stop: [it.stop].flat() }),
  },
  ...(it.tools && { tools: it.tools }),
  ...(it.response_format?.type === 'json_object' && { format: 'json' }),
  ...(it.response_format?.type === 'json_schema' && {
    format: it.response_format.json_schema.schema,
  }),
})

// ollama has the arguments of a call as an object, OpenAI as its JSON.
const messageOf = (message: ChatInput['messages'][number]) => ({
  role: message.role,
  content: message.content ?? '',
  ...(message.tool_calls && {
    tool_calls: message.tool_calls.map((call) => ({
      function: { name: call.function.name, arguments: objectOf(call.function.arguments) },
    })),
  }),
})

const objectOf = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return {}
  }
}
