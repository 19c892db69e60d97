import { z } from 'zod'
import type { Units } from '../../protocol/fields.ts'
import type { ChatDelta } from '../../tasks/chat.ts'
import { unlessAborted } from '../abort.ts'
import { linesOf } from '../lines.ts'
import { type Done, RunnerFault, type Sink } from '../runner.ts'
import { troubleIn } from '../trouble.ts'
import type { Call } from '../upstream.ts'

const tokens = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const line = z.object({
  model: z.string().max(1000).nullish(),
  message: z
    .object({
      content: z.string().nullish(),
      thinking: z.string().nullish(),
      tool_calls: z
        .array(z.object({ function: z.object({ name: z.string().max(200), arguments: z.json() }) }))
        .max(128)
        .nullish(),
    })
    .nullish(),
  done: z.boolean().default(false),
  done_reason: z.string().max(100).nullish(),
  prompt_eval_count: tokens.nullish().catch(null),
  eval_count: tokens.nullish().catch(null),
})
type Line = z.output<typeof line>

export type Bound = Readonly<{ inBytes: number; inTokens: number; outTokens: number }>

/** Reads /api/chat's lines to the one that says `done`; a stream without it is a crash. */
export const readLines = async (
  { chunks, expect, pause, signal }: Call,
  gapMs: number,
  bound: Bound,
  sink: Sink,
): Promise<Done> => {
  let pieces = 0
  let calls = 0
  let started = false
  const counted = (): Units => ({
    in_token: Math.ceil(bound.inBytes / 8),
    out_token: Math.min(pieces, bound.outTokens),
  })
  for await (const text of linesOf(chunks)) {
    if (text.trim() === '') continue
    const it = parse(text)
    if (!started) sink.started()
    started = true
    const delta = deltaOf(it, calls)
    if (delta) {
      pieces++
      calls += delta.tool_calls?.length ?? 0
      pause()
      await unlessAborted(sink.piece({ delta, usage: counted() }), signal)
    }
    if (it.done) return endOf(it, counted(), calls > 0, bound)
    expect(gapMs)
  }
  throw new RunnerFault('crashed', 'ollama ended its stream without saying how')
}

const parse = (text: string): Line => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new RunnerFault('crashed', 'ollama sent a line that is no JSON', { cause })
  }
  const trouble = troubleIn(json)
  if (trouble) throw trouble
  const it = line.safeParse(json)
  if (it.success) return it.data
  throw new RunnerFault('crashed', 'ollama sent a line of an unknown shape')
}

const deltaOf = ({ message }: Line, calls: number): ChatDelta | undefined => {
  const made = message?.tool_calls ?? []
  const delta: ChatDelta = {
    ...(message?.content && { text: message.content }),
    ...(message?.thinking && { reasoning: message.thinking }),
    ...(made.length > 0 && {
      tool_calls: made.map((call, i) => ({
        index: calls + i,
        id: `call_${calls + i}`,
        function: { name: call.function.name, arguments: JSON.stringify(call.function.arguments) },
      })),
    }),
  }
  return Object.keys(delta).length > 0 ? delta : undefined
}

const endOf = (it: Line, own: Units, called: boolean, bound: Bound): Done => {
  if (it.done_reason !== 'stop' && it.done_reason !== 'length')
    throw new RunnerFault('crashed', `ollama ended with "${it.done_reason?.slice(0, 40) ?? ''}"`)
  const read = it.prompt_eval_count ?? Infinity
  const wrote = it.eval_count ?? Infinity
  // A count that cannot be true is not signed: then it is our own, which is low rather than high.
  const possible = read <= bound.inTokens && wrote <= bound.outTokens
  return {
    finish: called ? 'tool' : it.done_reason,
    usage: possible ? { in_token: read, out_token: wrote } : own,
    countedBy: possible ? 'runner' : 'node',
    model: it.model ?? '',
  }
}
