import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import type { PubKey } from '../../engine/protocol/ids.ts'
import type { UpEvent } from '../../engine/roles/up.ts'
import type { Setup } from '../up/watch.ts'
import { Board, liveView } from './up.tsx'

const recorded = (n: number, status = 'ok'): UpEvent => ({
  event: 'job.recorded',
  fields: { task: 'text.chat@1', model: `m${n}`, ms: 5, cost_msat: 2n, status },
})
const numbers = (text: string) => [...text.matchAll(/ m(\d+) /g)].map((it) => Number(it[1]))

describe('the board of up', () => {
  test('keeps the newest 500 lines while nobody prints, and none that were printed', () => {
    const board = new Board((text) => text)
    for (let n = 0; n < 2_000; n++) board.add(recorded(n))
    const printed: string[] = []
    const stop = board.printTo((line) => printed.push(line))
    expect(numbers(printed.join('\n'))).toEqual(Array.from({ length: 500 }, (_, i) => 1_500 + i))
    for (let n = 0; n < 2_000; n++) board.add(recorded(n))
    expect(printed).toHaveLength(2_500)
    stop()
    const again: string[] = []
    board.printTo((line) => again.push(line))
    expect(again).toEqual([])
    expect(board.current()).toEqual({ jobs: 4_000, failed: 0, earned: 8_000n })
  })

  test('marks what failed', () => {
    const board = new Board((text) => `!${text}`)
    const printed: string[] = []
    board.printTo((line) => printed.push(line))
    board.add(recorded(1, 'partial'))
    board.add({
      event: 'runner.failed',
      fields: { runner: 'ollama', task: 'text.chat@1', trouble: 'oom' },
    })
    expect(printed[0]).toStartWith('!')
    expect(printed[1]).toMatch(/^!.* ollama failed at text\.chat: oom$/)
    expect(board.current()).toMatchObject({ jobs: 1, failed: 1 })
  })
})

/** What a live view writes while so many jobs end. */
const drawn = async (jobs: number): Promise<string> => {
  const stdout = new PassThrough()
  let text = ''
  stdout.on('data', (it: Buffer) => (text += it.toString()))
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
  const stream = Object.assign(stdout, { columns: 100, rows: 40 }) as PassThrough &
    NodeJS.WriteStream
  const view = liveView(setup, { paint: (it) => it, colour: true, stdout: stream })
  for (let n = 0; n < jobs; n++) view.event(recorded(n))
  await view.end()
  return text
}

test('the live view prints every line once, in order', async () => {
  expect(numbers(await drawn(1_200))).toEqual(Array.from({ length: 1_200 }, (_, i) => i))
})

// In a process of its own: what ink colours by is decided when it is loaded.
test.each([true, false])('where colour is %p the live view is so', async (colour) => {
  const script = `
    const { liveView } = await import(${JSON.stringify(`${import.meta.dir}/up.tsx`)})
    const key = 'a'.repeat(64)
    const up = { router: { key, address: 'ws://127.0.0.1:7447' }, node: { key, tasks: [] } }
    const setup = { up, chat: [], readyMs: 1 }
    await liveView(setup, { paint: (it) => it, colour: ${colour} }).end()`
  const child = Bun.spawn([process.execPath, '-e', script], {
    env: { ...process.env, FORCE_COLOR: '1' },
    stderr: 'inherit',
  })
  const text = await new Response(child.stdout).text()
  expect(text).toContain('chat   none yet')
  // eslint-disable-next-line no-control-regex
  expect(/\u001b\[[0-9;]*m/.test(text)).toBe(colour)
})
