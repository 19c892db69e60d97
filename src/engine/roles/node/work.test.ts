import { expect, test } from 'bun:test'
import type { Fields } from '../../base/log.ts'
import { silentLog } from '../../base/log.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import type { JobTag } from '../../protocol/ids.ts'
import { scriptedRunner, type Script } from '../../../../test/fakes/scripted-runner.ts'
import type { NodeEvent } from './state.ts'
import { Work } from './work.ts'

const SECRET = 'what I asked it'

/** One job of one runner: what the log and the mind were told. */
const working = (script: Script) => {
  const clock = virtualClock()
  const logged: [string, Fields | undefined][] = []
  const told: NodeEvent[] = []
  const log = {
    ...silentLog,
    warn: (event: string, fields?: Fields) => void logged.push([event, fields]),
  }
  const runner = scriptedRunner(script, { clock, name: 'gpu' })
  const work = new Work([runner], log, (event) => told.push(event))
  const tag = 'a' as JobTag
  const input = { messages: [{ role: 'user', content: SECRET }] }
  const job = { task: 'text.chat@1', model: 'scripted-chat', input, outTokens: 1 } as const
  work.perform({ do: 'run', tag, runner: 0, work: job })
  return { clock, logged, told, work, tag }
}

test('a runner that fails is logged, by a word and nothing of the job', async () => {
  const detail = `cannot parse ${SECRET}`
  const { clock, logged, told } = working({ fail: { after: 0, trouble: 'oom', detail } })
  await clock.advance(10)
  expect(logged).toEqual([
    ['runner.failed', { runner: 'gpu', task: 'text.chat@1', trouble: 'oom' }],
  ])
  expect(told.at(-1)).toMatchObject({ type: 'failed', trouble: 'oom' })
})

test('a job that was aborted is no failure', async () => {
  const { clock, logged, told, work, tag } = working({ endless: true })
  await clock.advance(10)
  work.perform({ do: 'abort', tag })
  await clock.advance(10)
  expect(told.at(-1)).toMatchObject({ type: 'failed', trouble: 'cancelled' })
  expect(logged).toEqual([])
})
