import { describe, expect, test } from 'bun:test'
import { observe } from '../../../test/fakes/observe.ts'
import { fakeOpenai } from '../../../test/fakes/runner.ts'
import { TASKS } from '../tasks/catalogue.ts'
import { openaiRunner } from './openai.ts'

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
    const { pieces, done } = await observe(it, work)
    expect(TASKS['text.embed@1'].join(pieces.map((one) => one.delta))).toEqual({
      data: [
        { index: 0, embedding: [1, 1, 0.5] },
        { index: 1, embedding: [3, 1, 0.5] },
      ],
    })
    expect(done).toMatchObject({ usage: { in_token: 6 }, countedBy: 'runner' })
    other.misbehave('wrong usage')
    expect((await observe(it, work)).done).toMatchObject({
      usage: { in_token: 1 },
      countedBy: 'node',
    })
    other.misbehave('garbage')
    expect((await observe(it, work)).fault?.trouble).toBe('crashed')
    await other.stop()
  })

  test('scores come best first, cut to top_n, billed by documents and bytes', async () => {
    const other = fakeOpenai({ kind: 'rerank' })
    const it = await openaiRunner(other.url)
    const input = { query: 'q', documents: ['aa', 'a', 'aaaa'], top_n: 2 }
    const work = { task: 'text.rerank@1', model: 'fake-model', input, outTokens: 0 } as const
    const { pieces, done } = await observe(it, work)
    expect(TASKS['text.rerank@1'].join(pieces.map((one) => one.delta))).toEqual({
      results: [
        { index: 2, relevance_score: 4 },
        { index: 0, relevance_score: 2 },
      ],
    })
    expect(done).toMatchObject({ usage: { document: 3, byte: 8 }, countedBy: 'node' })
    other.misbehave('garbage')
    expect((await observe(it, work)).fault?.trouble).toBe('crashed')
    await other.stop()
  })
})
