import { z } from 'zod'
import { KIB, MIB } from '../../base/bounds.ts'
import { name } from '../../protocol/fields.ts'
import type { Capability, RunnerInfo } from '../runner.ts'
import { RunnerFault } from '../runner.ts'
import { callJson, isPublic, type Upstream } from '../upstream.ts'
import { LLAMA, type OpenaiTask, PATHS } from './request.ts'

/** One model of a server: what the server calls it, and what it proved to do. */
export type Offered = Readonly<{ upstream: string; capabilities: readonly Capability[] }>

/** What a server is. */
export type Found = Readonly<{
  info: RunnerInfo
  slots: number
  llama: boolean
  models: readonly Offered[]
  /** All that the server listed then, tried or not: another list means to look again. */
  listed: readonly string[]
}>

/** Most models that are tried: each costs a real token. */
const MODELS = 16
const QUICK_MS = 3_000
const INPUT_BYTES = 4 * MIB
/** Context that is assumed where a server keeps it to itself. */
const UNKNOWN_CTX = 4096

/**
 * What a server is and can do. Ready means that a real token, vector or score came, not that a port
 * is open (operations, runners, 4).
 * @throws RunnerFault where it cannot be reached, is still loading, or offers nothing
 */
export const probe = async (
  to: Upstream,
  options: Readonly<{ models?: readonly string[]; slots?: number; signal?: AbortSignal }> = {},
): Promise<Found> => {
  const signal = options.signal ?? new AbortController().signal
  const listed = modelList.safeParse(await get(to, '/v1/models', signal))
  if (!listed.success) throw new RunnerFault('unsupported', 'the server lists no models')
  const props = await propsOf(to, signal)
  const wanted = listed.data.data
    .filter((it) => !options.models || options.models.includes(nameOf(it.id)))
    .slice(0, MODELS)
  const models: Offered[] = []
  let trouble: unknown
  for (const it of wanted) {
    const ctx = props?.default_generation_settings.n_ctx ?? it.meta?.n_ctx ?? it.max_model_len
    const tried = new Trial(
      to,
      it,
      ctx ?? it.context_length ?? undefined,
      props !== undefined,
      signal,
    )
    const capabilities = await tried.run().catch((error: unknown) => {
      trouble = error
      return []
    })
    if (capabilities.length > 0) models.push({ upstream: it.id, capabilities })
  }
  if (models.length === 0) throw trouble ?? new RunnerFault('no_model', 'the server has no model')
  return {
    info: await infoOf(to, props, wanted[0]?.owned_by ?? '', signal),
    slots: options.slots ?? props?.total_slots ?? 1,
    llama: props !== undefined,
    models,
    listed: listed.data.data.map((it) => it.id),
  }
}

/** The name a model is offered under: llama-server calls it by its file, with folder and ending. */
export const nameOf = (upstream: string): string => {
  const file = /\.gguf$/i.test(upstream) ? upstream.replace(/^.*[\\/]/, '').slice(0, -5) : upstream
  return name.safeParse(file).success ? file : 'unnamed'
}

const tokens = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const listedModel = z.object({
  id: z.string().min(1).max(1000),
  owned_by: z.string().max(200).nullish(),
  max_model_len: tokens.nullish(),
  context_length: tokens.nullish(),
  meta: z.object({ n_ctx: tokens.nullish(), ftype: z.string().max(200).nullish() }).nullish(),
})
type Listed = z.output<typeof listedModel>
const modelList = z.object({ data: z.array(listedModel).max(10_000) })

/** llama-server's own page; nobody else answers it in this shape. */
const props = z.object({
  total_slots: tokens.min(1).max(10_000),
  build_info: z.string().max(200),
  default_generation_settings: z.object({ n_ctx: tokens.nullish() }),
})

const get = (to: Upstream, path: string, signal: AbortSignal): Promise<unknown> =>
  callJson(to, { method: 'GET', path, waitMs: QUICK_MS }, signal, 4 * MIB)

const propsOf = async (to: Upstream, signal: AbortSignal) => {
  const answer = await get(to, '/props', signal).catch(() => undefined)
  const it = props.safeParse(answer)
  return it.success ? it.data : undefined
}

const infoOf = async (
  to: Upstream,
  found: z.output<typeof props> | undefined,
  owner: string,
  signal: AbortSignal,
): Promise<RunnerInfo> => {
  if (found) return { name: 'llama-server', version: found.build_info || null }
  if (owner !== 'vllm') return { name: 'openai', version: null }
  const answer = await get(to, '/version', signal).catch(() => undefined)
  const it = z.object({ version: name }).safeParse(answer)
  return { name: 'vllm', version: it.success ? it.data.version : null }
}

/** Asks one model for one real token, score and vector, and measures what its template adds. */
class Trial {
  constructor(
    private readonly to: Upstream,
    private readonly model: Listed,
    private readonly ctx: number | undefined,
    private readonly llama: boolean,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<Capability[]> {
    const chat = await this.tokensOf('text.chat@1', { messages: say(1), max_tokens: 1 })
    if (chat !== undefined) return [await this.chat(chat), ...(await this.generate())]
    const reranking = await this.tokensOf('text.rerank@1', { query: 'hi', documents: ['hi', 'no'] })
    const rerank = reranking === undefined ? [] : [this.capability('text.rerank@1', ZERO)]
    // A llama-server that reranks answers embeddings too, with numbers that mean nothing.
    if (rerank.length > 0 && this.llama) return rerank
    const one = await this.tokensOf('text.embed@1', { input: ['hi'] })
    if (one === undefined) return rerank
    return [...rerank, this.capability('text.embed@1', { base: SLACK, perMessage: one + SLACK })]
  }

  private async chat(one: number): Promise<Capability> {
    const three = await this.tokensOf('text.chat@1', { messages: say(3), max_tokens: 1 })
    const perMessage = Math.max(SLACK, Math.ceil(((three ?? one) - one) / 2) + SLACK)
    return this.capability('text.chat@1', { base: one + SLACK, perMessage })
  }

  private async generate(): Promise<Capability[]> {
    const one = await this.tokensOf('text.generate@1', { prompt: 'hi', max_tokens: 1 })
    if (one === undefined) return []
    return [this.capability('text.generate@1', { base: one + SLACK, perMessage: 0 })]
  }

  /** Input tokens of a tiny request; undefined where the server does not do this task. */
  private async tokensOf(task: OpenaiTask, body: object): Promise<number | undefined> {
    const request = {
      method: 'POST' as const,
      path: PATHS[task],
      body: { ...body, model: this.model.id, ...(this.llama && LLAMA) },
      waitMs: this.to.patience.firstMs(KIB),
    }
    try {
      const answer = tried.safeParse(await callJson(this.to, request, this.signal, MIB))
      if (!answer.success) return undefined
      return answer.data.usage?.prompt_tokens ?? UNKNOWN_TEMPLATE
    } catch (error) {
      // Anything else (auth, loading, a broken line) is true of the server, not of the task.
      if (error instanceof RunnerFault && NOT_THIS.has(error.trouble)) return undefined
      throw error
    }
  }

  private capability(task: OpenaiTask, template: Capability['template']): Capability {
    const text = task === 'text.chat@1' || task === 'text.generate@1'
    const ctx = this.ctx ?? UNKNOWN_CTX
    const quant = this.model.meta?.ftype
    return {
      task,
      model: {
        name: nameOf(this.model.id),
        ...(quant && name.safeParse(quant).success && { quant }),
        ...(this.ctx !== undefined && { ctx: this.ctx }),
      },
      proprietary: isPublic(this.to.base),
      warm: true,
      etaMs: 0,
      // Four bytes a token is ordinary text; denser text is refused by the runner itself, as too long.
      limits: text
        ? { inputBytes: ctx * 4, outTokens: ctx }
        : { inputBytes: INPUT_BYTES, outTokens: 0 },
      template,
      prefill: text,
    }
  }
}

const NOT_THIS = new Set(['unsupported', 'bad_request', 'no_model', 'crashed'])
const SLACK = 4
const ZERO = { base: 0, perMessage: 0 }
/** Tokens that a template is taken to add where the server does not count. */
const UNKNOWN_TEMPLATE = 64

const tried = z.union([
  z.object({
    choices: z.array(z.object({}).loose()).min(1),
    usage: z.object({ prompt_tokens: tokens }).nullish(),
  }),
  z.object({
    data: z.array(z.object({ embedding: z.array(z.number()).min(1) })).min(1),
    usage: z.object({ prompt_tokens: tokens }).nullish(),
  }),
  z.object({
    results: z.array(z.object({ relevance_score: z.number() })).min(1),
    usage: z.object({ prompt_tokens: tokens }).nullish(),
  }),
])

/** A short conversation of so many messages. */
const say = (messages: number) =>
  Array.from({ length: messages }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: 'hi',
  }))
