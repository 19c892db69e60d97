import { describe, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { msat } from '../../engine/base/money.ts'
import { type WishOptions, planOf } from './wish.ts'

const folder = mkdtempSync(join(tmpdir(), 'fedai-wish-'))
const file = (name: string, text: string | Uint8Array) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const plan = (prompt: string, options: Partial<WishOptions> = {}, piped = false) =>
  planOf(prompt, { task: 'text.chat', ...options }, piped)

describe('what a command line wants', () => {
  test('a prompt becomes a conversation, with the bounds that were named', async () => {
    const { task, wish } = plan('hi', {
      system: 'be brief',
      maxTokens: '64',
      maxPrice: '1.5sat',
      deadline: '30s',
      model: ['llama-*'],
    })
    expect(task.name).toBe('text.chat@1')
    expect(await wish()).toEqual({
      task: 'text.chat@1',
      input: {
        messages: [
          { role: 'system', content: 'be brief' },
          { role: 'user', content: 'hi' },
        ],
        max_tokens: 64,
      },
      models: ['llama-*'],
      outTokens: 64,
      cap: msat(1500n),
      deadlineMs: 30_000,
      class: 'interactive',
      where: { allow: [], deny: [] },
    })
  })

  test('a file becomes the input of the task, without its byte order mark', async () => {
    const path = file('bom.txt', '\ufeffOne. Two.')
    const wish = await plan('', { task: 'text.summarize', file: path }).wish()
    expect(wish.input).toEqual({ input: 'One. Two.', sentences: 3 })
    expect(wish.cap).toBeNull()
  })

  test("JSON is the task's own input, with its defaults filled in", async () => {
    const path = file('in.json', '{"query":"a","documents":["b"],"unknown":1}')
    const { wish } = plan('', { task: 'text.rerank@1', input: path })
    expect((await wish()).input).toEqual({ query: 'a', documents: ['b'] })
  })

  test.each<[string, Partial<WishOptions>, string]>([
    ['', {}, 'request.no_input'],
    ['hi', { file: 'x' }, 'request.two_inputs'],
    ['-', { input: 'x' }, 'request.two_inputs'],
    ['hi', { task: 'text.rerank' }, 'request.needs_json'],
    ['hi', { task: 'text.detect', system: 'x' }, 'request.system'],
    ['', { input: 'x', system: 'x' }, 'request.system'],
    ['', { input: 'x', maxTokens: '5' }, 'request.max_tokens'],
    ['hi', { maxTokens: '0' }, 'value.number'],
    ['hi', { maxTokens: '1e3' }, 'value.number'],
    ['hi', { deadline: '25h' }, 'value.time'],
    ['hi', { deadline: '0s' }, 'value.time'],
    ['hi', { maxPrice: '-1sat' }, 'money.amount'],
    ['hi', { task: 'text.speak' }, 'task.unknown'],
  ])('%j with %j is a usage error', async (prompt, options, code) => {
    const tried = (async () => plan(prompt, options).wish())()
    expect(await tried.catch((error: unknown) => error)).toMatchObject({ kind: 'usage', code })
  })

  test.each<[string, Partial<WishOptions>, string]>([
    ['  \n', {}, 'input.empty'],
    ['', { file: join(folder, 'absent') }, 'input.absent'],
    ['', { file: folder }, 'input.absent'],
    ['', { file: file('latin1', Uint8Array.of(0xe9)) }, 'input.not_utf8'],
    ['', { task: 'text.rerank', input: file('bad.json', '{') }, 'input.not_json'],
    ['', { task: 'text.rerank', input: file('odd.json', '{"query":1}') }, 'input.schema'],
  ])('%j with %j is bad input', async (prompt, options, code) => {
    expect(
      await plan(prompt, options)
        .wish()
        .catch((error: unknown) => error),
    ).toMatchObject({
      kind: 'data',
      code,
    })
  })
})
