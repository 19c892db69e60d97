import { expect, test } from 'bun:test'
import { silentLog } from '../../engine/base/log.ts'
import { endInOrder } from './end.ts'

const setup = (drain: () => Promise<void>, jobs = 2) => {
  const said: string[] = []
  const note = (line: string) => void said.push(line)
  const service = { figures: () => ({ jobs }), drain, close: async () => note('closed') }
  const voices = {
    log: {
      ...silentLog,
      warn: (event: string, fields: object = {}) => note(`${event} ${JSON.stringify(fields)}`),
    },
    notifier: { stopping: (status: string, ms: number) => note(`${status} ${ms}`) },
    terminal: { say: note },
    isJson: false,
  }
  return { said, service, voices }
}
const never = new AbortController().signal

test('what is open may end, as long as it may', async () => {
  const { said, service, voices } = setup(() => Promise.resolve(), 1)
  await endInOrder(service, voices, 30_000, never)
  expect(said).toEqual([
    'draining: 1 job open, at most 30 s 35000',
    'draining: 1 job open, at most 30 s; Ctrl-C again ends it now',
    'drain.cut {"jobs":1}',
    'closed',
  ])
})

test('then it is cut', async () => {
  const { said, service, voices } = setup(() => new Promise(() => {}))
  await endInOrder(service, voices, 5, never)
  expect(said.slice(-2)).toEqual(['drain.cut {"jobs":2}', 'closed'])
})

test('or earlier, when somebody asks again', async () => {
  const { said, service, voices } = setup(() => new Promise(() => {}))
  await endInOrder(service, voices, 3_600_000, AbortSignal.abort())
  expect(said.at(-1)).toBe('closed')
})
