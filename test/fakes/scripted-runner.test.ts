import { expect, test } from 'bun:test'
import { runnerConformance } from '../../src/engine/runners/runner.conformance.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { scriptedRunner, textPieces } from './scripted-runner.ts'

const work = {
  task: 'text.chat@1',
  model: 'scripted-chat',
  input: { messages: [{ role: 'user', content: 'hi' }] },
  outTokens: 10,
} as const

runnerConformance('scripted', async () => ({
  runner: scriptedRunner(
    { pieces: textPieces(['a ', 'b ', 'c']), pieceMs: 1 },
    { clock: systemClock, slots: 2 },
  ),
  work,
  output: { message: { role: 'assistant', content: 'a b c' } },
}))

test('fails at the piece that the script names, and keeps the books', async () => {
  const runner = scriptedRunner(
    { pieces: textPieces(['a ', 'b ', 'c']), fail: { after: 2, trouble: 'crashed' } },
    { clock: systemClock },
  )
  let pieces = 0
  const run = runner.run(
    work,
    { started() {}, piece: () => void pieces++ },
    new AbortController().signal,
  )
  expect(runner.running).toBe(1)
  await expect(run).rejects.toMatchObject({ trouble: 'crashed' })
  expect(pieces).toBe(2)
  expect(runner.running).toBe(0)
  expect(runner.ends).toEqual(['crashed'])
})

test('an endless one ends by a cancel alone', async () => {
  const runner = scriptedRunner(
    { pieces: textPieces(['a']), endless: true },
    { clock: systemClock },
  )
  const stop = new AbortController()
  const run = runner.run(work, { started() {}, piece() {} }, stop.signal)
  await Bun.sleep(5)
  expect(runner.running).toBe(1)
  stop.abort()
  await expect(run).rejects.toMatchObject({ trouble: 'cancelled' })
})
