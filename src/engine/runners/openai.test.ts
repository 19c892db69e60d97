import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { observe } from '../../../test/fakes/observe.ts'
import {
  FAKE_PROMPT_TOKENS,
  FAKE_WORDS,
  type FakeOpenai,
  fakeOpenai,
  type Misbehaviour,
} from '../../../test/fakes/runner.ts'
import type { Fault } from '../base/fault.ts'
import { TASKS } from '../tasks/catalogue.ts'
import { openaiRunner, probeOpenai } from './openai.ts'
import { runnerConformance } from './runner.conformance.ts'
import type { Runner } from './runner.ts'

const chatWork = {
  task: 'text.chat@1' as const,
  model: 'fake-model',
  input: { messages: [{ role: 'user', content: 'what is the answer to everything' }] },
  outTokens: 100,
}
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

test('a model that the server has later is offered, one that went is not', async () => {
  const names = async () =>
    [...new Set((await runner.capabilities()).map((it) => it.model.name))].toSorted()
  expect(await names()).toEqual(['fake-model'])
  fake.serve(['fake-model', 'newer'])
  expect(await names()).toEqual(['fake-model', 'newer'])
  fake.serve(['newer'])
  expect(await names()).toEqual(['newer'])
})

test('the signal of attaching ends nothing later', async () => {
  const attaching = new AbortController()
  const mine = await openaiRunner(fake.url, { signal: attaching.signal })
  attaching.abort()
  fake.serve(['other'])
  expect((await mine.capabilities())[0]?.model.name).toBe('other')
})

/** The server hears of the closed socket a moment later. */
const closed = async (): Promise<void> => {
  for (let i = 0; i < 50 && fake.open() > 0; i++) await Bun.sleep(5)
  expect(fake.open()).toBe(0)
}

describe('a stream', () => {
  test('is asked for as a stream with usage, within the job’s bound, without our extras', async () => {
    await observe(runner, {
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
    const { pieces, done } = await observe(runner, chatWork)
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
    const { pieces, done } = await observe(runner, {
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
    const { pieces, done } = await observe(runner, chatWork)
    expect(TASKS['text.chat@1'].join(pieces.map((it) => it.delta))).toMatchObject({
      message: { content: whole },
    })
    expect(done?.finish).toBe('stop')
  })

  test('bills cached tokens apart', async () => {
    fake.misbehave('cached')
    expect((await observe(runner, chatWork)).done?.usage).toEqual({
      in_token: 4,
      cached_token: 3,
      out_token: 4,
    })
  })

  test('bills reasoning only where it was delivered', async () => {
    fake.misbehave('hidden reasoning')
    expect((await observe(runner, chatWork)).done?.usage.out_token).toBe(4)
    fake.misbehave('shown reasoning')
    const { pieces, done } = await observe(runner, chatWork)
    expect(pieces[0]?.delta).toEqual({ reasoning: 'hm ' })
    expect(done?.usage.out_token).toBe(5)
  })

  test('carries tool calls', async () => {
    fake.misbehave('tool calls')
    const { pieces, done } = await observe(runner, chatWork)
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
    const { done } = await observe(runner, chatWork)
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
    const seen = await observe(runner, chatWork)
    expect(seen.fault?.trouble).toBe('crashed')
    expect(seen.done).toBeUndefined()
    expect(seen.pieces.length).toBe(pieces)
    await closed()
  })

  test('the words of the runner are kept, and an error line names its cause', async () => {
    fake.misbehave('error line')
    expect((await observe(runner, chatWork)).fault?.message).toBe('engine lost')
  })

  test('for a model that is not offered', async () => {
    expect((await observe(runner, { ...chatWork, model: 'other' })).fault?.trouble).toBe('no_model')
    expect(fake.requests).toBeEmpty()
  })

  test('when nobody listens any more', async () => {
    await fake.stop()
    expect((await observe(runner, chatWork)).fault?.trouble).toBe('crashed')
    expect(await runner.capabilities()).toEqual([])
  })
})

describe('attaching', () => {
  test('measures what the template adds, and offers what answered', async () => {
    const capabilities = await runner.capabilities()
    expect(capabilities.map((it) => it.task)).toEqual(['text.chat@1', 'text.generate@1'])
    expect(capabilities[0]).toMatchObject({
      model: { name: 'fake-model' },
      proprietary: false,
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
