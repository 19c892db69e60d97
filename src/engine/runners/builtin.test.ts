import { describe, expect, test } from 'bun:test'
import { BUILT_INS } from '../tasks/builtin.ts'
import { builtinRunner } from './builtin.ts'
import { runnerConformance } from './runner.conformance.ts'

const story = Array.from(
  { length: 400 },
  (_, i) => `The river ${i} meets the sea near town ${i % 7}.`,
)

runnerConformance('builtin', async () => ({
  runner: builtinRunner({ version: '0.1.0' }),
  work: {
    task: 'text.summarize@1',
    model: 'fedai-textrank',
    input: { input: story.join(' '), sentences: 5 },
    outTokens: 0,
  },
  long: {
    task: 'text.chunk@1',
    model: 'fedai-chunk',
    input: { input: story.join(' '), size: 10, overlap: 5, unit: 'words' },
    outTokens: 0,
  },
}))

describe('builtin', () => {
  test('offers every built-in task', async () => {
    const offered = (await builtinRunner().capabilities()).map((it) => it.task)
    expect(offered).toEqual(BUILT_INS.map((it) => it.task))
    expect(builtinRunner().info).toEqual({ name: 'builtin', version: null })
  })

  test('lets others run between two pieces', async () => {
    let turns = 0
    let next = setImmediate(function turn() {
      turns++
      next = setImmediate(turn)
    })
    const input = { input: story.join(' '), size: 10, overlap: 5, unit: 'words' }
    const work = { task: 'text.chunk@1', model: 'fedai-chunk', input, outTokens: 0 } as const
    let pieces = 0
    const sink = { started: () => {}, piece: () => void pieces++ }
    await builtinRunner().run(work, sink, new AbortController().signal)
    clearImmediate(next)
    expect(pieces).toBeGreaterThan(5)
    expect(turns).toBeGreaterThanOrEqual(pieces)
  })

  test('does no task on a model of another one', async () => {
    const work = { task: 'text.chunk@1', model: 'fedai-bm25', input: {}, outTokens: 0 } as const
    const run = builtinRunner().run(
      work,
      { started() {}, piece() {} },
      new AbortController().signal,
    )
    await expect(run).rejects.toMatchObject({ trouble: 'no_model' })
  })
})
