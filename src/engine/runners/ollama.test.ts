import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type FakeOllama, fakeOllama } from '../../../test/fakes/ollama.ts'
import { fakeOpenai } from '../../../test/fakes/runner.ts'
import { discoverRunners } from './discover.ts'
import { ollamaRunner } from './ollama.ts'
import { runnerConformance } from './runner.conformance.ts'
import type { Piece } from './runner.ts'

const work = {
  task: 'text.chat@1' as const,
  model: 'chatty:latest',
  input: { messages: [{ role: 'user', content: 'say one and two' }] },
  outTokens: 50,
}

runnerConformance('ollama', async () => {
  const fake = fakeOllama()
  const output = { message: { role: 'assistant', content: 'one two €' } }
  return { runner: await ollamaRunner(fake.url), work, output, stop: fake.stop }
})

let fake: FakeOllama
beforeEach(() => {
  fake = fakeOllama()
})
afterEach(() => fake.stop())

const observe = async () => {
  const runner = await ollamaRunner(fake.url)
  return {
    runner,
    run: (sink: { started(): void; piece(it: Piece): void }, one = work) =>
      runner.run(one, sink, new AbortController().signal),
  }
}
const nobody = { started() {}, piece() {} }

describe('ollama', () => {
  test('is asked for a real token, and offers what can chat', async () => {
    const { runner } = await observe()
    expect(fake.chats).toHaveLength(1)
    expect(runner.info).toEqual({ name: 'ollama', version: '0.32.15' })
    expect(await runner.capabilities()).toMatchObject([
      {
        task: 'text.chat@1',
        model: { name: 'chatty:latest', family: 'llama', quant: 'Q4_1', digest: 'abc', ctx: 2048 },
        warm: true,
        limits: { inputBytes: 8192, outTokens: 2048 },
      },
    ])
  })

  test('is told never to cut or shift a prompt', async () => {
    const { run } = await observe()
    const input = { ...work.input, max_tokens: 99, stop: 'x', temperature: 0.5 }
    await run(nobody, { ...work, input })
    expect(fake.chats.at(-1)).toEqual({
      model: 'chatty:latest',
      messages: [{ role: 'user', content: 'say one and two' }],
      stream: true,
      truncate: false,
      shift: false,
      options: { num_ctx: 2048, num_predict: 50, temperature: 0.5, stop: ['x'] },
    })
  })

  test('is billed by its own count where that can be true', async () => {
    const { run } = await observe()
    expect(await run(nobody)).toEqual({
      finish: 'stop',
      usage: { in_token: 9, out_token: 3 },
      countedBy: 'runner',
      model: 'chatty:latest',
    })
    fake.misbehave('wrong usage')
    expect(await run(nobody)).toMatchObject({
      usage: { in_token: 2, out_token: 2 },
      countedBy: 'node',
    })
  })

  test.each([
    ['dies quietly', 'crashed', /without saying how/],
    ['error line', 'crashed', /^unexpected EOF$/],
    ['garbage', 'crashed', /no JSON/],
    ['too long', 'too_long', /^the input has 15052 tokens, the runner reads at most 512$/],
  ] as const)('that %s is no success', async (how, trouble, message) => {
    const { run } = await observe()
    fake.misbehave(how)
    let pieces = 0
    const end = run({ started() {}, piece: () => void pieces++ })
    await expect(end).rejects.toMatchObject({ trouble, message: expect.stringMatching(message) })
    expect(pieces).toBe(how === 'too long' ? 0 : 1)
  })
})

describe('discovery', () => {
  const closed = 'http://127.0.0.1:1'

  test('finds nothing at once where nothing answers', async () => {
    const before = performance.now()
    expect(await discoverRunners({ usual: { llama: closed, ollama: closed } })).toEqual([])
    expect(performance.now() - before).toBeLessThan(300)
  })

  test('finds nothing at once where somebody listens and never answers', async () => {
    const mute = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const address = `http://127.0.0.1:${mute.port}`
    const before = performance.now()
    expect(await discoverRunners({ usual: { llama: address, ollama: address } })).toEqual([])
    expect(performance.now() - before).toBeLessThan(400)
    mute.stop(true)
  })

  test('attaches ollama, and nothing that is something else', async () => {
    const other = fakeOpenai()
    const found = await discoverRunners({ usual: { llama: other.url, ollama: fake.url } })
    expect(found.map((it) => it.info.name)).toEqual(['ollama'])
    await other.stop()
  })

  test('says why what answers does not work', async () => {
    fake.misbehave('error line')
    const told: string[] = []
    const usual = { llama: closed, ollama: fake.url }
    expect(await discoverRunners({ usual, onTrouble: (...it) => told.push(...it) })).toEqual([])
    expect(told).toEqual([fake.url, 'unexpected EOF'])
  })
})
