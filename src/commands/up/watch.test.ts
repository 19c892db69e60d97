import { expect, test } from 'bun:test'
import type { PubKey } from '../../engine/protocol/ids.ts'
import { type Streams, openTerminal } from '../terminal.ts'
import { type Setup, watcherFor } from './watch.ts'

test('a dumb terminal is told in lines, one an event, with nothing that moves its cursor', async () => {
  let out = ''
  const stream = {
    isTTY: true,
    columns: 80,
    write: (text: string, done?: () => void) => {
      out += text
      done?.()
      return true
    },
    on: () => {},
  }
  const streams: Streams = {
    stdin: { isTTY: true },
    stdout: stream,
    stderr: stream,
    env: { TERM: 'dumb' },
  }
  const key = 'a'.repeat(64) as PubKey
  const setup: Setup = {
    up: {
      router: { key, address: 'ws://127.0.0.1:7447' },
      node: { key, tasks: [] },
      close: async () => {},
    },
    chat: [],
    readyMs: 1,
  }
  const watcher = await watcherFor(openTerminal({}, streams), setup)
  await watcher.ready()
  const banner = out.split('\n').length
  for (let n = 0; n < 3; n++) watcher.event({ event: 'invoice.paid', fields: { msat: 10_000n, n } })
  await watcher.end()
  const lines = out.split('\n')
  expect(lines.length - banner).toBe(4)
  expect(lines.slice(banner - 1, banner + 2).every((it) => it.includes('was paid 10 sat'))).toBe(
    true,
  )
  // eslint-disable-next-line no-control-regex
  expect(out).not.toMatch(/[\u001b\r]/)
})
