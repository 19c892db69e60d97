import { z } from 'zod'
import { utf8Length } from '../base/bytes.ts'
import { DEFAULT_OUT_TOKENS, sampling, sizesOf, text } from './inputs.ts'
import { partsOf } from './split.ts'
import type { Task } from './task.ts'

const toolCall = z.object({
  id: z.string().max(200),
  type: z.literal('function'),
  function: z.object({ name: z.string().max(200), arguments: text }),
})

const message = z.object({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  /** Null only where an assistant did nothing but call tools. */
  content: text.nullable(),
  tool_calls: z.array(toolCall).max(128).optional(),
  tool_call_id: z.string().max(200).optional(),
})

const jsonObject = z.record(z.string().max(200), z.json())

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().min(1).max(200),
      schema: jsonObject,
      strict: z.boolean().optional(),
    }),
  }),
])

const tool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().min(1).max(200),
    description: z.string().max(10_000).optional(),
    parameters: jsonObject.optional(),
  }),
})

const input = z.object({
  messages: z.array(message).min(1).max(4096),
  ...sampling,
  response_format: responseFormat.optional(),
  tools: z.array(tool).max(128).optional(),
})
export type ChatInput = z.output<typeof input>

/** A part of a tool call, as OpenAI streams it: parts with one index make one call. */
const toolCallPart = z.object({
  index: z.number().int().min(0).max(127),
  id: z.string().max(200).optional(),
  function: z.object({ name: z.string().max(200).optional(), arguments: text.optional() }),
})
export type ToolCallPart = z.output<typeof toolCallPart>

const delta = z.object({
  text: text.optional(),
  /** What a reasoning model thinks aloud, where the runner shows it. */
  reasoning: text.optional(),
  tool_calls: z.array(toolCallPart).max(128).optional(),
})
export type ChatDelta = z.output<typeof delta>

const output = z.object({
  message: z.object({
    role: z.literal('assistant'),
    content: text.nullable(),
    reasoning_content: text.optional(),
    tool_calls: z.array(toolCall).max(128).optional(),
  }),
})
export type ChatOutput = z.output<typeof output>

/** OpenAI's chat completion. */
export const chat: Task<ChatInput, ChatOutput, ChatDelta> = {
  name: 'text.chat@1',
  about: 'answers a conversation',
  input,
  output,
  delta,
  units: ['in_token', 'cached_token', 'out_token'],
  deterministic: false,
  sizes: (it) =>
    sizesOf({
      bytes: bytesOf(it),
      messages: it.messages.length,
      out_tokens: it.max_tokens ?? DEFAULT_OUT_TOKENS,
    }),
  join: (deltas) => {
    const content = deltas.map((it) => it.text ?? '').join('')
    const reasoning = deltas.map((it) => it.reasoning ?? '').join('')
    const calls = joinCalls(deltas.flatMap((it) => it.tool_calls ?? []))
    return {
      message: {
        role: 'assistant',
        content: content === '' && calls.length > 0 ? null : content,
        ...(reasoning && { reasoning_content: reasoning }),
        ...(calls.length > 0 && { tool_calls: calls }),
      },
    }
  },
  split: (it, most) => {
    const { text: said = '', reasoning = '', tool_calls: calls = [] } = it
    const whole = said.length + reasoning.length
    if (whole + calls.reduce((sum, call) => sum + lengthOf(call), 0) <= most) return [it]
    return [
      ...partsOf(reasoning, most).map((part) => ({ reasoning: part })),
      ...partsOf(said, most).map((part) => ({ text: part })),
      ...calls.flatMap((call) => partsOfCall(call, most)).map((call) => ({ tool_calls: [call] })),
    ]
  },
  text: (it) => it.text ?? '',
  show: (it) => it.message.content ?? (it.message.tool_calls ?? []).map(showCall).join('\n'),
  fromText: (prompt, { system, maxTokens }) => ({
    messages: [
      ...(system ? [{ role: 'system', content: system }] : []),
      { role: 'user', content: prompt },
    ],
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
  }),
}

// Roles are the template's business (Sizes.messages); tools and formats are read as their JSON.
const bytesOf = (it: ChatInput): number => {
  const said = it.messages.reduce(
    (sum, one) => sum + utf8Length(one.content ?? '') + jsonBytes(one.tool_calls),
    0,
  )
  return said + jsonBytes(it.tools) + jsonBytes(it.response_format)
}

const jsonBytes = (it: unknown): number => (it === undefined ? 0 : utf8Length(JSON.stringify(it)))

const joinCalls = (parts: readonly ToolCallPart[]) => {
  const calls = new Map<number, z.output<typeof toolCall>>()
  for (const part of parts) {
    const call = calls.get(part.index) ?? {
      id: '',
      type: 'function' as const,
      function: { name: '', arguments: '' },
    }
    call.id ||= part.id ?? ''
    call.function.name += part.function.name ?? ''
    call.function.arguments += part.function.arguments ?? ''
    calls.set(part.index, call)
  }
  return [...calls.entries()].toSorted(([a], [b]) => a - b).map(([, call]) => call)
}

const showCall = (call: z.output<typeof toolCall>): string =>
  `${call.function.name}(${call.function.arguments})`

const lengthOf = ({ function: { arguments: given = '' } }: ToolCallPart): number => given.length

/** The first part names the call; all add to its arguments. */
const partsOfCall = (call: ToolCallPart, most: number): ToolCallPart[] => {
  if (lengthOf(call) <= most) return [call]
  return partsOf(call.function.arguments!, most).map((part, i) =>
    i === 0
      ? { ...call, function: { ...call.function, arguments: part } }
      : { index: call.index, function: { arguments: part } },
  )
}
