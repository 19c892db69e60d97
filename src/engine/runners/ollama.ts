import { z } from 'zod'
import { MIB } from '../base/bounds.ts'
import type { Clock } from '../base/clock.ts'
import { name } from '../protocol/fields.ts'
import { chat, type ChatInput } from '../tasks/chat.ts'
import { cancelled } from './abort.ts'
import { chatBody } from './ollama/request.ts'
import { readLines } from './ollama/stream.ts'
import { type Capability, type Done, type Runner, RunnerFault, type Sink } from './runner.ts'
import { call, callJson, isPublic, type Patience, type Upstream, upstream } from './upstream.ts'

export type OllamaOptions = Readonly<{
  /** Context in tokens that models are loaded with, less where a model has less. Default 4096. */
  ctx?: number
  /** Jobs at once. Default 1: ollama queues what is more, out of our sight. */
  slots?: number
  patience?: Partial<Patience>
  clock?: Clock
  /** Ends the attaching, not the runner. */
  signal?: AbortSignal
}>

type Work = Parameters<Runner['run']>[0]

/**
 * ollama by its own API, for `text.chat`: its OpenAI API cuts long prompts in silence. The model that
 * is loaded, else the smallest, was asked for a real token before this returns.
 * @param base such as `http://127.0.0.1:11434`
 * @throws RunnerFault where it is no ollama, or has no model that can chat
 */
export const ollamaRunner = async (base: string, options: OllamaOptions = {}): Promise<Runner> => {
  const to = upstream(base.replace(/\/+$/, ''), options)
  const found = await get(to, '/api/version', version)
  let models = await modelsOf(to, options.ctx ?? 4096)
  const first = models.find((it) => it.capability.warm) ?? models[0]
  if (!first) throw new RunnerFault('no_model', 'ollama has no model that can chat')
  await oneToken(to, first, options.signal ?? new AbortController().signal)
  return {
    info: { name: 'ollama', version: found.version },
    slots: options.slots ?? 1,
    async capabilities() {
      try {
        models = await modelsOf(to, options.ctx ?? 4096)
      } catch {
        return []
      }
      return models.map((it) => it.capability)
    },
    run: (work, sink, signal) => run(to, models, work, sink, signal),
  }
}

type Model = Readonly<{ capability: Capability; ctx: number }>

const MODELS = 16
const QUICK_MS = 3_000
/** Tokens that a template is taken to add: a Modelfile may hold a system prompt. */
const TEMPLATE = { base: 512, perMessage: 16 }
/** Bytes a millisecond that a model loads with: a plain SSD. */
const LOAD_BYTES_PER_MS = 200_000

const version = z.object({ version: name })

const tags = z.object({
  models: z
    .array(
      z.object({
        name: name,
        size: z.number().min(0),
        digest: z.string().max(200).nullish(),
        details: z
          .object({ family: z.string().nullish(), quantization_level: z.string().nullish() })
          .nullish(),
      }),
    )
    .max(10_000),
})
type Tag = z.output<typeof tags>['models'][number]

const loaded = z.object({ models: z.array(z.object({ name: z.string() })).max(10_000) })

const shown = z.object({
  capabilities: z.array(z.string()).max(100).nullish(),
  model_info: z.record(z.string(), z.unknown()).nullish(),
})

const modelsOf = async (to: Upstream, most: number): Promise<Model[]> => {
  const [all, warm] = await Promise.all([get(to, '/api/tags', tags), get(to, '/api/ps', loaded)])
  const names = new Set(warm.models.map((it) => it.name))
  const some = all.models.toSorted((a, b) => a.size - b.size).slice(0, MODELS)
  const models = await Promise.all(some.map((it) => modelOf(to, it, names.has(it.name), most)))
  return models.filter((it) => it !== undefined)
}

const modelOf = async (
  to: Upstream,
  tag: Tag,
  warm: boolean,
  most: number,
): Promise<Model | undefined> => {
  const answer = await ask(to, 'POST', '/api/show', { model: tag.name })
  const it = shown.safeParse(answer)
  if (!it.success || (it.data.capabilities && !it.data.capabilities.includes('completion')))
    return undefined
  const info = Object.entries(it.data.model_info ?? {})
  const own = info.find(([key]) => key.endsWith('.context_length'))?.[1]
  const ctx = typeof own === 'number' && own > 0 ? Math.min(own, most) : most
  const described = {
    family: tag.details?.family,
    quant: tag.details?.quantization_level,
    digest: tag.digest,
  }
  const known = Object.entries(described).filter(([, text]) => name.safeParse(text).success)
  return {
    ctx,
    capability: {
      task: 'text.chat@1',
      model: { name: tag.name, ctx, ...Object.fromEntries(known) },
      proprietary: isPublic(to.base),
      warm,
      etaMs: warm ? 0 : Math.ceil(tag.size / LOAD_BYTES_PER_MS),
      limits: { inputBytes: ctx * 4, outTokens: ctx },
      template: TEMPLATE,
      prefill: true,
    },
  }
}

const oneToken = async (
  to: Upstream,
  { capability, ctx }: Model,
  signal: AbortSignal,
): Promise<void> => {
  const work = {
    task: 'text.chat@1' as const,
    model: capability.model.name,
    input: { messages: [{ role: 'user', content: 'hi' }] },
    outTokens: 1,
  }
  const nobody = { started: () => {}, piece: () => {} }
  await run(to, [{ capability, ctx }], work, nobody, signal)
}

const run = async (
  to: Upstream,
  models: readonly Model[],
  work: Work,
  sink: Sink,
  signal: AbortSignal,
): Promise<Done> => {
  if (signal.aborted) throw cancelled()
  const model = models.find((it) => it.capability.model.name === work.model)
  if (!model || work.task !== 'text.chat@1')
    throw new RunnerFault('no_model', `ollama does not offer ${work.task} on ${work.model}`)
  const input = work.input as ChatInput
  const { bytes, messages } = chat.sizes(input)
  const body = chatBody(input, { model: work.model, ctx: model.ctx, outTokens: work.outTokens })
  const bound = {
    inBytes: bytes,
    inTokens: bytes + TEMPLATE.base + TEMPLATE.perMessage * messages,
    outTokens: body.options.num_predict,
  }
  const request = {
    method: 'POST' as const,
    path: '/api/chat',
    body,
    waitMs: to.patience.firstMs(bytes) + model.capability.etaMs,
  }
  const done = await call(to, request, signal, (it) =>
    readLines(it, to.patience.gapMs, bound, sink),
  )
  return { ...done, model: done.model || work.model }
}

const ask = (to: Upstream, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> =>
  callJson(to, { method, path, body, waitMs: QUICK_MS }, new AbortController().signal, 16 * MIB)

const get = async <T>(to: Upstream, path: string, schema: z.ZodType<T>): Promise<T> => {
  const it = schema.safeParse(await ask(to, 'GET', path))
  if (it.success) return it.data
  throw new RunnerFault('unsupported', 'what answers is no ollama')
}
