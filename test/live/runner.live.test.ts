import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LlamaServer, tinyGguf } from '../../scripts/live-runners.ts'
import { lives } from '../../src/engine/base/process.ts'
import { openaiRunner } from '../../src/engine/runners/openai.ts'
import { runnerConformance } from '../../src/engine/runners/runner.conformance.ts'
import type { ChatOutput } from '../../src/engine/tasks/chat.ts'
import { TASKS } from '../../src/engine/tasks/catalogue.ts'
import { observe } from '../fakes/observe.ts'
import { busySlots, type Live, live, llamaBinary, loudly, msUntil, smolLM2 } from './llama.ts'

// The first run fetches 100 MB.
setDefaultTimeout(600_000)

const binary = await llamaBinary()
const smol = binary && (await smolLM2())

/** Big enough that a stream takes seconds on any machine. */
const SLOW = { layers: 8, embd: 512, heads: 8, kvHeads: 4, ff: 1024, ctx: 8192 }

let servers: Live
beforeAll(async () => {
  if (binary) servers = await live(binary)
})
afterAll(() => servers?.stop())

const chat = (content: string, outTokens = 100, extra: object = {}) => ({
  task: 'text.chat@1' as const,
  model: 'tiny-canned',
  input: { messages: [{ role: 'user', content }], ...extra },
  outTokens,
})

const textOf = (output: unknown): string => (output as ChatOutput).message.content ?? ''

/** The server's own count of the same request, asked without us. */
const countedByServer = async (server: LlamaServer, body: object) => {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ ...body, cache_prompt: false }),
  })
  const { usage } = (await response.json()) as {
    usage: { prompt_tokens: number; completion_tokens: number }
  }
  return usage
}

describe.if(binary !== undefined)('a real llama-server with a tiny model', () => {
  // One server for the cases: its slots are what some of them watch.
  let canned: LlamaServer
  let slow: LlamaServer
  beforeAll(async () => {
    canned = await servers.start('canned', { slots: 2 })
    slow = await servers.start('endless', { slots: 2, ctx: 16_384, tiny: SLOW })
  })

  runnerConformance('llama-server', async () => ({
    runner: await openaiRunner(canned.url),
    work: chat('say hi'),
    output: { message: { role: 'assistant', content: ' hello from a tiny model' } },
  }))

  test('streams the exact text, word by word, with the server’s own usage', async () => {
    const runner = await openaiRunner(canned.url)
    expect(runner.info.name).toBe('llama-server')
    expect(runner.info.version).not.toBeNull()
    expect(runner.slots).toBe(2)
    const { pieces, done, output } = await observe(runner, chat('what do you say, my people?'))
    expect(textOf(output())).toBe(' hello from a tiny model')
    expect(pieces).toHaveLength(5)
    const usage = await countedByServer(canned, {
      messages: [{ role: 'user', content: 'what do you say, my people?' }],
    })
    expect(done).toEqual({
      finish: 'stop',
      usage: { in_token: usage.prompt_tokens, out_token: usage.completion_tokens },
      countedBy: 'runner',
      model: 'tiny-canned',
    })
    // What a piece says was used is what the server says, long before the end.
    expect(pieces.map((it) => it.usage)).toEqual(
      [1, 2, 3, 4, 5].map((n) => ({ in_token: usage.prompt_tokens, out_token: n })),
    )
  })

  test('never uses another customer’s prompt cache', async () => {
    const runner = await openaiRunner(canned.url)
    const work = chat('the same long words of the same long day '.repeat(3))
    const first = await observe(runner, work)
    const second = await observe(runner, work)
    expect(second.done?.usage).toEqual(first.done!.usage)
    expect(second.done?.usage.cached_token).toBeUndefined()
  })

  test('stays within the tokens that its capability says a template adds', async () => {
    const runner = await openaiRunner(canned.url)
    const capability = (await runner.capabilities()).find((it) => it.task === 'text.chat@1')!
    const conversations = [['hi'], ['€😀'], ['a', 'b', 'c'], ['x', 'y'.repeat(50), 'z', '', 'q']]
    for (const said of conversations) {
      const messages = said.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content }))
      const sizes = TASKS['text.chat@1'].sizes({ messages })
      const { done } = await observe(runner, { ...chat(''), input: { messages } })
      const { base, perMessage } = capability.template
      expect(done!.usage.in_token).toBeLessThanOrEqual(
        sizes.bytes + base + perMessage * sizes.messages,
      )
    }
  })

  test('ends with `length` at the bound', async () => {
    const { done, pieces } = await observe(await openaiRunner(canned.url), chat('go', 2))
    expect(done).toMatchObject({ finish: 'length', usage: { out_token: 2 } })
    expect(pieces.length).toBeLessThanOrEqual(2)
  })

  test('says `too_long` with both numbers', async () => {
    const { fault, pieces } = await observe(
      await openaiRunner(canned.url),
      chat('water '.repeat(2000)),
    )
    expect(fault?.trouble).toBe('too_long')
    expect(fault?.message).toMatch(/^the input has \d{4,} tokens, the runner reads at most 1024$/)
    expect(pieces).toBeEmpty()
  })

  test('frees its slot within 500 ms of a cancel, while another stream goes on', async () => {
    const runner = await openaiRunner(slow.url)
    const work = { ...chat('go on', 4000), model: 'tiny-endless' }
    const other = new AbortController()
    const stop = new AbortController()
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
    const sinks = begun.map((it) => ({ started: () => {}, piece: () => it.resolve() }))
    const runs = [other, stop].map((it, i) => runner.run(work, sinks[i]!, it.signal))
    for (const run of runs) run.catch(() => {})
    await Promise.all(begun.map((it) => it.promise))
    expect(await busySlots(slow)).toBe(2)
    stop.abort()
    await expect(runs[1]!).rejects.toMatchObject({ trouble: 'cancelled' })
    expect(await msUntil(async () => (await busySlots(slow)) === 1, 500)).toBeLessThan(500)
    other.abort()
    await expect(runs[0]!).rejects.toMatchObject({ trouble: 'cancelled' })
    await msUntil(async () => (await busySlots(slow)) === 0, 500)
  })

  test('keeps several streams apart', async () => {
    const runner = await openaiRunner(canned.url)
    const seen = await Promise.all(
      Array.from({ length: 6 }, (_, i) => observe(runner, chat(`number ${'x'.repeat(i)}`))),
    )
    for (const it of seen) {
      expect(textOf(it.output())).toBe(' hello from a tiny model')
      expect(it.done?.finish).toBe('stop')
    }
    const counts = seen.map((it) => it.done!.usage.in_token!)
    expect(new Set(counts).size).toBe(6)
  })

  test('killed in mid-stream: what came is kept, and it crashed', async () => {
    const doomed = await servers.start('endless', { tiny: SLOW, ctx: 8192 })
    const runner = await openaiRunner(doomed.url)
    let pieces = 0
    const sink = {
      started: () => {},
      piece: () => void (++pieces === 3 && process.kill(-doomed.pid, 'SIGKILL')),
    }
    const work = { ...chat('go on', 4000), model: 'tiny-endless' }
    const run = runner.run(work, sink, new AbortController().signal)
    await expect(run).rejects.toMatchObject({ name: 'RunnerFault', trouble: 'crashed' })
    expect(pieces).toBeGreaterThanOrEqual(3)
    await doomed.gone
    expect(await runner.capabilities()).toEqual([])
  })
})

describe.if(binary !== undefined)('a real llama-server', () => {
  test('gives vectors: the same words are near, others are not', async () => {
    const runner = await openaiRunner((await servers.start('embed')).url)
    expect((await runner.capabilities()).map((it) => it.task)).toEqual(['text.embed@1'])
    const input = { input: ['the people call water', 'people call the water', 'oil'] }
    const work = { task: 'text.embed@1', model: 'tiny-embed', input, outTokens: 0 } as const
    const { output, done } = await observe(runner, work)
    const vectors = (output() as { data: { embedding: number[] }[] }).data.map((it) => it.embedding)
    const dot = (a: number, b: number) =>
      vectors[a]!.reduce((sum, x, i) => sum + x * vectors[b]![i]!, 0)
    expect(dot(0, 1)).toBeGreaterThan(dot(0, 2) + 0.2)
    expect(done?.countedBy).toBe('runner')
    expect(done?.usage.in_token).toBeGreaterThan(8)
    const tooLong = { ...work, input: { input: 'water '.repeat(2000) } }
    expect((await observe(runner, tooLong)).fault?.trouble).toBe('too_long')
  })

  test('reranks, and offers nothing else where it does', async () => {
    const runner = await openaiRunner((await servers.start('rerank')).url)
    expect((await runner.capabilities()).map((it) => it.task)).toEqual(['text.rerank@1'])
    const input = { query: 'water', documents: ['water oil', 'people', 'number one'] }
    const work = { task: 'text.rerank@1', model: 'tiny-rerank', input, outTokens: 0 } as const
    const { output, done } = await observe(runner, work)
    const { results } = output() as { results: { index: number; relevance_score: number }[] }
    expect(results.map((it) => it.index).toSorted()).toEqual([0, 1, 2])
    expect(new Set(results.map((it) => it.relevance_score)).size).toBe(3)
    expect(done?.usage).toEqual({ document: 3, byte: 5 + 9 + 6 + 10 })
  })
})

describe.if(smol !== undefined)('SmolLM2 on a real llama-server', () => {
  test('knows the capital of France', async () => {
    const server = await servers.startModel(smol!, { ctx: 2048 })
    const runner = await openaiRunner(server.url)
    const work = {
      ...chat('The capital of France is which city? One sentence.', 40, {
        temperature: 0,
        seed: 1,
      }),
      model: 'smollm2-135m',
    }
    const { output, done, pieces } = await observe(runner, work)
    expect(textOf(output())).toContain('Paris')
    expect(pieces.length).toBeGreaterThan(3)
    expect(done?.countedBy).toBe('runner')
    expect(done?.usage.out_token).toBeLessThanOrEqual(40)
  })
})

describe.if(binary !== undefined)('killed with -9, a program', () => {
  test('leaves no llama-server behind', async () => {
    const model = join(await mkdtemp(join(tmpdir(), 'fedai-orphan-')), 'tiny.gguf')
    await Bun.write(model, tinyGguf('canned'))
    const script = `
      import { startLlamaServer } from ${JSON.stringify(join(import.meta.dir, '../../scripts/live-runners.ts'))}
      const it = await startLlamaServer(${JSON.stringify({ binary, model })})
      console.log(it.pid)
      await new Promise(() => {})`
    const parent = Bun.spawn([process.execPath, '-e', script], {
      stdout: 'pipe',
      stderr: 'inherit',
    })
    const { value } = await parent.stdout.getReader().read()
    const pid = Number(new TextDecoder().decode(value))
    expect(pid).toBeGreaterThan(1)
    // Nobody may wait for an orphan where the first process of the machine does not: a zombie is gone.
    const runs = () => lives({ pid, started: null })
    expect(runs()).toBe(true)
    parent.kill('SIGKILL')
    if (Bun.which('setpriv')) await msUntil(async () => !runs(), 5_000)
    else {
      process.kill(-pid, 'SIGKILL')
      loudly('kill -9 leaves no runner behind', 'needs setpriv of util-linux')
    }
    await rm(join(model, '..'), { recursive: true })
  })
})
