import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  FAKE_PROMPT_TOKENS,
  FAKE_WORDS,
  type FakeOpenai,
  fakeOpenai,
  type Misbehaviour,
} from '../../../test/fakes/runner.ts'
import type { Clock, UnixMs } from '../base/clock.ts'
import type { Fault } from '../base/fault.ts'
import { TASKS } from '../tasks/catalogue.ts'
import { openaiRunner, probeOpenai } from './openai.ts'
import { runnerConformance } from './runner.conformance.ts'
import { type Done, type Piece, type Runner, RunnerFault } from './runner.ts'

const chatWork = {
  task: 'text.chat@1' as const,
  model: 'fake-model',
  input: { messages: [{ role: 'user', content: 'what is the answer to everything' }] },
  outTokens: 100,
}
const never = () => new AbortController().signal
const whole = FAKE_WORDS.join('')

runnerConformance('the OpenAI adapter', async () => {
  const fake = fakeOpenai()
  const runner = await openaiRunner(fake.url, { slots: 3 })
  const output = { message: { role: 'assistant', content: whole } }
  return { runner, work: chatWork, output, stop: fake.stop }
})

let fake: FakeOpenai
let runner: Runner
beforeEach(async () => {
  fake = fakeOpenai()
  runner = await openaiRunner(`${fake.url}/v1/`)
})
afterEach(() => fake.stop())

/** What came, and how it ended. */
const observe = async (
  work: Parameters<Runner['run']>[0] = chatWork,
  it: Runner = runner,
): Promise<{ pieces: Piece[]; started: number; done?: Done; fault?: RunnerFault }> => {
  const pieces: Piece[] = []
  let started = 0
  const sink = { started: () => void started++, piece: (one: Piece) => void pieces.push(one) }
  try {
    const done = await it.run(work, sink, never())
    return { pieces, started, done }
  } catch (error) {
    if (!(error instanceof RunnerFault)) throw error
    return { pieces, started, fault: error }
  }
}

/** The server hears of the closed socket a moment later. */
const closed = async (): Promise<void> => {
  for (let i = 0; i < 50 && fake.open() > 0; i++) await Bun.sleep(5)
  expect(fake.open()).toBe(0)
}

/** A clock whose timers fire when told. */
const handClock = () => {
  const timers = new Map<number, { ms: number; call: () => void }>()
  let n = 0
  const clock: Clock = {
    now: () => 0 as UnixMs,
    after: (ms, call) => {
      const id = n++
      timers.set(id, { ms, call })
      return () => void timers.delete(id)
    },
  }
  const pending = () => [...timers.values()].map((it) => it.ms)
  const fire = () => {
    for (const it of timers.values()) it.call()
  }
  return { clock, pending, fire }
}

describe('a stream', () => {
  test('is asked for as a stream with usage, within the job’s bound, without our extras', async () => {
    await observe({
      ...chatWork,
      input: { ...chatWork.input, max_tokens: 500, seed: 3 },
      outTokens: 9,
    })
    expect(fake.requests).toEqual([
      {
        path: '/v1/chat/completions',
        body: {
          messages: [{ role: 'user', content: 'what is the answer to everything' }],
          seed: 3,
          model: 'fake-model',
          max_tokens: 9,
          stream: true,
          stream_options: { include_usage: true },
        },
      },
    ])
  })

  test('is counted by the runner at the end, and from below before', async () => {
    const { pieces, done } = await observe()
    expect(pieces.map((it) => it.usage)).toEqual(
      [1, 2, 3, 4].map((n) => ({ in_token: 4, out_token: n })),
    )
    expect(done).toEqual({
      finish: 'stop',
      usage: { in_token: FAKE_PROMPT_TOKENS, out_token: 4 },
      countedBy: 'runner',
      model: 'fake-model',
    })
  })

  test('of a completion works the same', async () => {
    const { pieces, done } = await observe({
      ...chatWork,
      task: 'text.generate@1',
      input: { prompt: 'go on' },
      outTokens: 2,
    })
    expect(pieces.map((it) => it.delta)).toEqual([{ text: 'one ' }, { text: 'two ' }])
    expect(done?.finish).toBe('length')
  })

  test('arrives whole when every byte comes alone and lines end with CRLF', async () => {
    fake.misbehave('split bytes')
    const { pieces, done } = await observe()
    expect(TASKS['text.chat@1'].join(pieces.map((it) => it.delta))).toMatchObject({
      message: { content: whole },
    })
    expect(done?.finish).toBe('stop')
  })

  test('bills cached tokens apart', async () => {
    fake.misbehave('cached')
    expect((await observe()).done?.usage).toEqual({ in_token: 4, cached_token: 3, out_token: 4 })
  })

  test('bills reasoning only where it was delivered', async () => {
    fake.misbehave('hidden reasoning')
    expect((await observe()).done?.usage.out_token).toBe(4)
    fake.misbehave('shown reasoning')
    const { pieces, done } = await observe()
    expect(pieces[0]?.delta).toEqual({ reasoning: 'hm ' })
    expect(done?.usage.out_token).toBe(5)
  })

  test('carries tool calls', async () => {
    fake.misbehave('tool calls')
    const { pieces, done } = await observe()
    expect(done?.finish).toBe('tool')
    expect(TASKS['text.chat@1'].join(pieces.map((it) => it.delta))).toEqual({
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'weather', arguments: '{"in":"Rome"}' },
          },
        ],
      },
    })
  })

  test.each(['wrong usage', 'no usage'] as const)('with %s is counted by the node', async (how) => {
    fake.misbehave(how)
    const { done } = await observe()
    expect(done).toMatchObject({ usage: { in_token: 4, out_token: 4 }, countedBy: 'node' })
  })
})

describe('no success', () => {
  const crashes: [Misbehaviour, number][] = [
    ['dies', 2],
    ['ends quietly', 2],
    ['no done', 4],
    ['done without finish', 4],
    ['error line', 2],
    ['error field', 2],
    ['garbage', 1],
    ['huge line', 1],
  ]
  test.each(crashes)('when it %s: what came is kept, and it crashed', async (how, pieces) => {
    fake.misbehave(how)
    const seen = await observe()
    expect(seen.fault?.trouble).toBe('crashed')
    expect(seen.done).toBeUndefined()
    expect(seen.pieces.length).toBe(pieces)
    await closed()
  })

  test('the words of the runner are kept, and an error line names its cause', async () => {
    fake.misbehave('error line')
    expect((await observe()).fault?.message).toBe('engine lost')
  })

  test('for a model that is not offered', async () => {
    expect((await observe({ ...chatWork, model: 'other' })).fault?.trouble).toBe('no_model')
    expect(fake.requests).toBeEmpty()
  })

  test('when nobody listens any more', async () => {
    await fake.stop()
    expect((await observe()).fault?.trouble).toBe('crashed')
    expect(await runner.capabilities()).toEqual([])
  })
})

describe('a deadline', () => {
  test.each(['never answers', 'stalls', 'pings'] as const)('ends one that %s', async (how) => {
    const hand = handClock()
    const patience = { firstMs: (bytes: number) => 1000 + bytes, gapMs: 77 }
    const mine = await openaiRunner(fake.url, { clock: hand.clock, patience })
    fake.misbehave(how)
    const run = observe(chatWork, mine)
    await Bun.sleep(30)
    // Before the first piece the prompt's 32 bytes count, then the gap; pings move neither.
    expect(hand.pending()).toEqual([how === 'stalls' ? 77 : 1032])
    hand.fire()
    expect((await run).fault?.trouble).toBe('timeout')
    await closed()
  })

  test('does not run while the reader is slow', async () => {
    const hand = handClock()
    const mine = await openaiRunner(fake.url, { clock: hand.clock })
    const gate = Promise.withResolvers<void>()
    const first = Promise.withResolvers<void>()
    const sink = { started: () => {}, piece: () => (first.resolve(), gate.promise) }
    const run = mine.run(chatWork, sink, never())
    await first.promise
    expect(hand.pending()).toEqual([])
    gate.resolve()
    expect((await run).finish).toBe('stop')
  })
})

describe('a cancel', () => {
  test('closes the socket', async () => {
    fake.misbehave('stalls')
    const stop = new AbortController()
    const first = Promise.withResolvers<void>()
    const sink = { started: () => {}, piece: () => first.resolve() }
    const run = runner.run(chatWork, sink, stop.signal)
    await first.promise
    expect(fake.open()).toBe(1)
    stop.abort()
    await expect(run).rejects.toMatchObject({ trouble: 'cancelled' })
    await closed()
  })
})

describe('embeddings and rerank', () => {
  test('vectors come in the order of the texts, billed by the runner’s count', async () => {
    const other = fakeOpenai({ kind: 'embed' })
    const it = await openaiRunner(other.url)
    expect((await it.capabilities()).map((one) => one.task)).toEqual(['text.embed@1'])
    const work = {
      task: 'text.embed@1',
      model: 'fake-model',
      input: { input: ['a', 'bcd'] },
      outTokens: 0,
    } as const
    const { pieces, done } = await observe(work, it)
    expect(TASKS['text.embed@1'].join(pieces.map((one) => one.delta))).toEqual({
      data: [
        { index: 0, embedding: [1, 1, 0.5] },
        { index: 1, embedding: [3, 1, 0.5] },
      ],
    })
    expect(done).toMatchObject({ usage: { in_token: 6 }, countedBy: 'runner' })
    other.misbehave('wrong usage')
    expect((await observe(work, it)).done).toMatchObject({
      usage: { in_token: 1 },
      countedBy: 'node',
    })
    other.misbehave('garbage')
    expect((await observe(work, it)).fault?.trouble).toBe('crashed')
    await other.stop()
  })

  test('scores come best first, cut to top_n, billed by documents and bytes', async () => {
    const other = fakeOpenai({ kind: 'rerank' })
    const it = await openaiRunner(other.url)
    const input = { query: 'q', documents: ['aa', 'a', 'aaaa'], top_n: 2 }
    const work = { task: 'text.rerank@1', model: 'fake-model', input, outTokens: 0 } as const
    const { pieces, done } = await observe(work, it)
    expect(TASKS['text.rerank@1'].join(pieces.map((one) => one.delta))).toEqual({
      results: [
        { index: 2, relevance_score: 4 },
        { index: 0, relevance_score: 2 },
      ],
    })
    expect(done).toMatchObject({ usage: { document: 3, byte: 8 }, countedBy: 'node' })
    other.misbehave('garbage')
    expect((await observe(work, it)).fault?.trouble).toBe('crashed')
    await other.stop()
  })
})

describe('attaching', () => {
  test('measures what the template adds, and offers what answered', async () => {
    const capabilities = await runner.capabilities()
    expect(capabilities.map((it) => it.task)).toEqual(['text.chat@1', 'text.generate@1'])
    expect(capabilities[0]).toMatchObject({
      model: { name: 'fake-model' },
      template: { base: 9, perMessage: 4 },
      prefill: true,
    })
  })

  test.each([
    [
      { status: 401, body: '{"error":{"message":"bad key","type":"authentication_error"}}' },
      'runner.auth',
    ],
    [
      {
        status: 503,
        body: '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
      },
      'runner.loading',
    ],
  ] as const)('fails with a hint on %j', async (how, code) => {
    fake.misbehave(how)
    const fault = (await probeOpenai(fake.url).catch((it: unknown) => it)) as Fault
    expect(fault).toMatchObject({ name: 'Fault', kind: 'unavailable', code })
    expect(fault.hint).not.toBe('')
  })

  test('says that nobody answers', async () => {
    await fake.stop()
    const fault = (await probeOpenai(fake.url).catch((it: unknown) => it)) as Fault
    expect(fault.code).toBe('runner.unreachable')
    expect(fault.message).toContain(fake.url)
  })
})
