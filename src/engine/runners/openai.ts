import type { Clock } from '../base/clock.ts'
import { MIB } from '../base/bounds.ts'
import { Fault, isFault } from '../base/fault.ts'
import type { Units } from '../protocol/fields.ts'
import { TASKS } from '../tasks/catalogue.ts'
import type { EmbedInput } from '../tasks/embed.ts'
import type { RerankInput } from '../tasks/rerank.ts'
import { slicesOf } from '../tasks/slices.ts'
import { cancelled, unlessAborted } from './abort.ts'
import { Meter } from './openai/meter.ts'
import { type Found, nameOf, probe } from './openai/probe.ts'
import { isOpenaiTask, PATHS, streamBody, wholeBody } from './openai/request.ts'
import { readStream } from './openai/stream.ts'
import { readEmbeddings, readReranking, WHOLE_BYTES } from './openai/whole.ts'
import { type Capability, type Done, type Runner, RunnerFault, type Sink } from './runner.ts'
import { call, callJson, type Patience, type Upstream, upstream } from './upstream.ts'

export type OpenaiOptions = Readonly<{
  /** Sent as a bearer token. Never logged, never in a manifest. */
  apiKey?: string
  /** Path of the UNIX socket on which it listens instead of a port. */
  unix?: string
  /** Only these models, by the name they are offered under. Default: all that answer, 16 at most. */
  models?: readonly string[]
  /** Jobs at once. Default: what llama-server says, else 1. */
  slots?: number
  patience?: Partial<Patience>
  clock?: Clock
  signal?: AbortSignal
}>

type Work = Parameters<Runner['run']>[0]

/**
 * A runner that is attached by its address and speaks OpenAI's API: llama-server, vLLM, LocalAI and
 * others. It was asked for a real token before this returns.
 * @param baseUrl such as `http://127.0.0.1:8080`, with or without `/v1`
 * @throws Fault `unavailable` `runner.unreachable` where nobody answers, `runner.TROUBLE` (the words of
 * RunnerTrouble) where nothing works
 */
export const openaiRunner = async (
  baseUrl: string,
  options: OpenaiOptions = {},
): Promise<Runner> => {
  const to = upstream(baseOf(baseUrl), options)
  let found = await probeOpenai(baseUrl, options)
  // The signal is for attaching: what is asked months later must not find it long over.
  const { signal: _, ...later } = options
  return {
    get info() {
      return found.info
    },
    slots: found.slots,
    async capabilities() {
      try {
        // Its list of models is cheap, and disturbs no job; real tokens only where it has changed.
        // Both ways: a model that went must not be sold, one that came should be.
        const listed = new Set(await modelNames(to))
        if (listed.symmetricDifference(new Set(found.listed)).size > 0)
          found = await probe(to, later)
      } catch {
        return []
      }
      return capabilitiesOf(found)
    },
    run: (work, sink, signal) => run(to, found, work, sink, signal),
  }
}

/**
 * What a server is and can do, without attaching it.
 * @throws Fault as `openaiRunner`
 */
export const probeOpenai = async (baseUrl: string, options: OpenaiOptions = {}): Promise<Found> => {
  try {
    return await probe(upstream(baseOf(baseUrl), options), options)
  } catch (error) {
    throw error instanceof RunnerFault ? unusable(baseUrl, error) : error
  }
}

/** Why a server cannot be attached, for people. */
export const unusable = (baseUrl: string, error: RunnerFault): Fault => {
  if (isFault(error.cause) && error.cause.code === 'egress.unreachable')
    return new Fault('unavailable', 'runner.unreachable', `nobody answers at ${baseUrl}`, {
      hint: 'start the server, or correct its address',
      cause: error,
    })
  return new Fault('unavailable', `runner.${error.trouble}`, `${baseUrl}: ${error.message}`, {
    hint: HINTS[error.trouble] ?? 'check that an OpenAI-compatible server listens there',
    cause: error,
  })
}

const HINTS: Partial<Record<RunnerFault['trouble'], string>> = {
  loading: 'wait until it has loaded its model, then try again',
  auth: 'give the key that the server asks for',
  no_model: 'load a model into the server, then try again',
  busy: 'wait until the server is free, then try again',
}

/** The address of a server without what people copy along with it. */
export const baseOf = (url: string): string => url.replace(/\/+$/, '').replace(/\/v1$/, '')

const modelNames = async (to: Upstream): Promise<string[]> => {
  const never = new AbortController().signal
  const request = { method: 'GET' as const, path: '/v1/models', waitMs: 3_000 }
  const answer = (await callJson(to, request, never, 4 * MIB)) as {
    data?: { id?: unknown }[]
  }
  return (answer.data ?? []).map((it) => String(it.id))
}

const capabilitiesOf = (found: Found): Capability[] => found.models.flatMap((it) => it.capabilities)

const run = async (
  to: Upstream,
  found: Found,
  work: Work,
  sink: Sink,
  signal: AbortSignal,
): Promise<Done> => {
  if (signal.aborted) throw cancelled()
  const offered = found.models.find((it) =>
    it.capabilities.some((one) => one.task === work.task && one.model.name === work.model),
  )
  const capability = offered?.capabilities.find((it) => it.task === work.task)
  if (!offered || !capability || !isOpenaiTask(work.task))
    throw new RunnerFault('no_model', `the runner does not offer ${work.task} on ${work.model}`)
  const sizes = TASKS[work.task].sizes(work.input)
  const { base, perMessage } = capability.template
  const job = {
    work,
    upstream: offered.upstream,
    inBytes: sizes.bytes,
    inTokens: sizes.bytes + base + perMessage * sizes.messages,
    llama: found.llama,
  }
  const done =
    work.task === 'text.chat@1' || work.task === 'text.generate@1'
      ? await runStream(to, work.task, job, sink, signal)
      : await runWhole(to, work.task as 'text.embed@1' | 'text.rerank@1', job, sink, signal)
  return { ...done, model: done.model ? nameOf(done.model) : work.model }
}

type Job = Readonly<{
  work: Work
  upstream: string
  inBytes: number
  inTokens: number
  llama: boolean
}>

const runStream = (
  to: Upstream,
  task: 'text.chat@1' | 'text.generate@1',
  { work, upstream: model, inBytes, inTokens, llama }: Job,
  sink: Sink,
  signal: AbortSignal,
): Promise<Done> => {
  const body = streamBody(task, work.input, { model, outTokens: work.outTokens, llama })
  const meter = new Meter({ inBytes, inTokens, outTokens: body.max_tokens })
  const request = {
    method: 'POST' as const,
    path: PATHS[task],
    body,
    waitMs: to.patience.firstMs(inBytes),
  }
  return call(to, request, signal, (it) => readStream(task, it, to.patience.gapMs, meter, sink))
}

const runWhole = async (
  to: Upstream,
  task: 'text.embed@1' | 'text.rerank@1',
  { work, upstream: model, inBytes, inTokens }: Job,
  sink: Sink,
  signal: AbortSignal,
): Promise<Done> => {
  const request = {
    method: 'POST' as const,
    path: PATHS[task],
    body: wholeBody(task, work.input, { model }),
    waitMs: to.patience.firstMs(inBytes),
  }
  sink.started()
  const answer = await callJson(to, request, signal, WHOLE_BYTES)
  const whole =
    task === 'text.embed@1'
      ? readEmbeddings(work.input as EmbedInput, answer, inTokens)
      : readReranking(work.input as RerankInput, answer)
  let usage: Units = {}
  for (const piece of slicesOf(whole.output, whole.usage)) {
    usage = piece.usage
    await unlessAborted(sink.piece(piece), signal)
  }
  return { finish: 'stop', usage, countedBy: whole.countedBy, model: whole.model }
}
