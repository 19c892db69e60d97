import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type FakeOllama, fakeOllama } from '../../../test/fakes/ollama.ts'
import { type FakeOpenai, fakeOpenai } from '../../../test/fakes/runner.ts'
import { silentLog } from '../base/log.ts'
import { chatModels, openRunners } from './open.ts'

const closed = 'http://127.0.0.1:1'
let ollama: FakeOllama
let openai: FakeOpenai
beforeEach(() => {
  ollama = fakeOllama()
  openai = fakeOpenai()
})
afterEach(async () => {
  await ollama.stop()
  await openai.stop()
})

const find = async (named: readonly string[], usual = { llama: closed, ollama: closed }) => {
  const said: string[] = []
  const runners = await openRunners(named, {
    version: '0',
    log: silentLog,
    say: (line) => void said.push(line),
    runtime: '/nonexistent',
    usual,
  })
  return { runners, said, names: runners.map((it) => it.info.name) }
}

/** A server that answers everything like this. */
const answering = (status: number, body: object) =>
  Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => Response.json(body, { status }) })

describe('the runners of a node', () => {
  test('have ollama by its own API, with one token of one model', async () => {
    const { runners, names, said } = await find([], { llama: closed, ollama: ollama.url })
    expect(names).toEqual(['builtin', 'ollama'])
    expect(await chatModels(runners)).toEqual(['chatty:latest'])
    expect(ollama.chats.map((it) => [it['model'], it['truncate']])).toEqual([
      ['chatty:latest', false],
    ])
    expect(ollama.paths.filter((it) => it.startsWith('/v1'))).toEqual([])
    expect(said).toEqual([])
  })

  test.each(['', '/', '/v1', '/v1/'])(
    'know an ollama that is named as an OpenAI server: URL%s',
    async (rest) => {
      const { names } = await find([`openai=${ollama.url}${rest}`])
      expect(names).toEqual(['builtin', 'ollama'])
      expect(ollama.paths.filter((it) => it.startsWith('/v1'))).toEqual([])
    },
  )

  test('have any OpenAI server that is named', async () => {
    expect((await find([`openai=${openai.url}`])).names).toEqual(['builtin', 'openai'])
  })

  test('are the built-in ones with none, and nothing is asked', async () => {
    const { names } = await find(['none'], { llama: closed, ollama: ollama.url })
    expect(names).toEqual(['builtin'])
    expect(ollama.paths).toEqual([])
  })

  test('leave out what answers on a usual port and is something else, and say so in a line', async () => {
    const { names, said } = await find([], { llama: openai.url, ollama: closed })
    expect(names).toEqual(['builtin'])
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(`${openai.url}: what answers there is no llama-server`)
    expect(said[0]).toContain(`--runner openai=${openai.url}`)
    expect(said[0]).not.toContain('\n')
  })

  test.each([
    [503, 'Loading model'],
    [401, 'Invalid API Key'],
  ])('say what a server lacks that answers %i', async (status, message) => {
    const server = answering(status, { error: { code: status, message, type: 'x' } })
    const url = `http://127.0.0.1:${server.port}`
    const { names, said } = await find([], { llama: url, ollama: closed })
    expect(names).toEqual(['builtin'])
    expect(said).toEqual([expect.stringContaining(`not used: ${url}: ${message} (`)])
    await server.stop(true)
  })

  test('say why an ollama is not used', async () => {
    ollama.misbehave('error line')
    const { said } = await find([], { llama: closed, ollama: ollama.url })
    expect(said).toEqual([expect.stringContaining(`${ollama.url}: unexpected EOF`)])
  })

  test('have ollama where it is named as what it is, and nothing else under that name', async () => {
    expect((await find([`ollama=${ollama.url}`])).names).toEqual(['builtin', 'ollama'])
    await expect(find([`ollama=${openai.url}`])).rejects.toMatchObject({ name: 'Fault' })
  })

  test('are a Fault where a named ollama does not work', async () => {
    ollama.misbehave('error line')
    const finding = find([`openai=${ollama.url}`])
    await expect(finding).rejects.toMatchObject({ name: 'Fault', code: 'runner.crashed' })
  })

  test.each(['ollama', 'openai=', 'openai=ftp://x', 'http://127.0.0.1'])(
    'are refused as %s',
    async (named) => {
      await expect(find([named])).rejects.toMatchObject({ code: 'runner.kind' })
    },
  )
})
