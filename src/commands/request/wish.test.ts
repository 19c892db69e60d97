import { describe, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { msat } from '../../engine/base/money.ts'
import { type Defaults, type WishOptions, planOf } from './wish.ts'
import { ANYWHERE } from '../../engine/protocol/where.ts'

const folder = mkdtempSync(join(tmpdir(), 'fedai-wish-'))
const file = (name: string, text: string | Uint8Array) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
let files = 0
const json = (text: string) => ({
  task: 'text.detect',
  input: file(`${files++}.json`, text),
})
const DEFAULTS: Defaults = {
  cap: null,
  deadlineMs: 300_000,
  waitMs: 10_000,
  where: ANYWHERE,
  prefer: 'balanced',
}
const plan = (prompt: string | undefined, options: Partial<WishOptions> = {}, piped = false) => {
  const it = planOf(prompt, { task: 'text.chat', ...options }, piped)
  return {
    task: it.task,
    wish: (more: Partial<Defaults> = {}) => it.wish({ ...DEFAULTS, ...more }),
  }
}

describe('what a command line wants', () => {
  test('a prompt becomes a conversation, with the bounds that were named', async () => {
    const { task, wish } = plan('hi', {
      system: 'be brief',
      maxTokens: '64',
      maxPrice: '1.5sat',
      deadline: '30s',
      wait: '0s',
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
      waitMs: 0,
      class: 'balanced',
      where: ANYWHERE,
    })
  })

  test('the command line outranks the settings; what is preferred is the class of the job', async () => {
    const settings = {
      cap: msat(7n),
      deadlineMs: 9_000,
      waitMs: 7_000,
      where: { ...ANYWHERE, local: true },
    }
    expect(await plan('hi').wish(settings)).toMatchObject(settings)
    expect(await plan('hi', { maxPrice: '5sat', deadline: '1s' }).wish(settings)).toMatchObject({
      cap: msat(5_000n),
      deadlineMs: 1_000,
      where: settings.where,
    })
    const classes = { cheap: 'batch', balanced: 'balanced', fast: 'interactive' } as const
    for (const prefer of ['cheap', 'balanced', 'fast'] as const)
      expect((await plan('hi').wish({ prefer })).class).toBe(classes[prefer])
  })

  test('a file becomes the input of the task, without its byte order mark', async () => {
    const path = file('bom.txt', '\ufeffOne. Two.')
    const wish = await plan(undefined, { task: 'text.summarize', file: path }).wish()
    expect(wish.input).toEqual({ input: 'One. Two.', sentences: 3 })
    expect(wish.cap).toBeNull()
  })

  test("JSON is the task's own input, with its defaults filled in", async () => {
    const path = file('in.json', '{"query":"a","documents":["b"]}')
    const { wish } = plan(undefined, { task: 'text.rerank@1', input: path })
    expect((await wish()).input).toEqual({ query: 'a', documents: ['b'] })
  })

  test('equal keys of different objects, and whole characters, are fine', async () => {
    const text = '{"input":["{\\"a\\":1,\\"a\\":2}","\\ud83d\\ude00"]}'
    expect((await plan(undefined, json(text)).wish()).input).toEqual(JSON.parse(text))
  })

  test('input that does not fit is told what the task takes', async () => {
    const tried = plan(undefined, { task: 'text.rerank', input: file('r.json', '{"query":"a"}') })
    expect(await tried.wish().catch((error: unknown) => error)).toMatchObject({
      code: 'input.schema',
      hint: 'text.rerank@1 takes: query documents [top_n]',
    })
  })

  test.each<[string | undefined, Partial<WishOptions>, string]>([
    [undefined, {}, 'request.no_input'],
    ['', {}, 'request.no_input'],
    ['  \n', {}, 'request.no_input'],
    ['hi', { model: [''] }, 'value.model'],
    ['hi', { model: ['a\u0007'] }, 'value.model'],
    ['hi', { model: ['x'.repeat(201)] }, 'value.model'],
    ['hi', { model: Array<string>(21).fill('a') }, 'value.model'],
    ['hi', { maxTokens: '1000001' }, 'value.number'],
    ['hi', { maxTokens: '' }, 'value.number'],
    ['hi', { deadline: '' }, 'value.time'],
    ['hi', { file: 'x' }, 'request.two_inputs'],
    ['-', { input: 'x' }, 'request.two_inputs'],
    ['hi', { task: 'text.rerank' }, 'request.needs_json'],
    ['hi', { task: 'text.detect', system: 'x' }, 'request.system'],
    [undefined, { input: 'x', system: 'x' }, 'request.system'],
    [undefined, { input: 'x', maxTokens: '5' }, 'request.max_tokens'],
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

  test.each(['365d', '25h', '0s', '1 week'])(
    'a deadline of %s: the most is said',
    async (deadline) => {
      const tried = (async () => plan('hi', { deadline }).wish())()
      const hint = 'write a time such as 30s or 5m, 24h at most'
      expect(await tried.catch((error: unknown) => error)).toMatchObject({
        code: 'value.time',
        hint,
      })
    },
  )

  test.each<[string | undefined, Partial<WishOptions>, string]>([
    [undefined, { file: file('empty', ' \n') }, 'input.empty'],
    [undefined, { file: join(folder, 'absent') }, 'input.absent'],
    [undefined, { file: folder }, 'input.absent'],
    [undefined, { file: file('latin1', Uint8Array.of(0xe9)) }, 'input.not_utf8'],
    [undefined, { task: 'text.rerank', input: file('bad.json', '{') }, 'input.not_json'],
    [undefined, { task: 'text.rerank', input: file('odd.json', '{"query":1}') }, 'input.schema'],
    [undefined, json('{"input":"a","inputt":1}'), 'input.unknown_field'],
    [undefined, json('{"input":"a","\\u0069nput":"b"}'), 'input.doubled_key'],
    [undefined, json('{"input":["a",{"b":1,"b":2}]}'), 'input.doubled_key'],
    [undefined, json('{"input":"\\ud800"}'), 'input.bad_text'],
    [undefined, json('{"input":["\\udc00\\ud800"]}'), 'input.bad_text'],
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
