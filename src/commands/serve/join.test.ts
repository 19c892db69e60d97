import { expect, test } from 'bun:test'
import { virtualClock } from '../../engine/base/virtual-clock.ts'
import { pubKey } from '../../engine/protocol/ids.ts'
import { startOf } from '../../engine/base/process.ts'
import type { RunningRouter } from '../running.ts'
import { joinLocal } from './join.ts'

const key = pubKey('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
const router = (pid: number, port: number): RunningRouter => ({
  v: 1,
  role: 'router',
  key,
  address: `ws://127.0.0.1:${port}`,
  pid,
  started: startOf(pid),
})
/** Runs as long as this test does; process 1 as well. */
const OURS = process.pid
const ENDED = 4_194_304

const setup = () => {
  const clock = virtualClock()
  const stage = { here: [] as RunningRouter[], dialled: [] as string[], status: [] as string[] }
  const stop = joinLocal(
    ({ address }) => {
      stage.dialled.push(address)
      return () => void stage.dialled.push(`left ${address}`)
    },
    { status: (text) => void stage.status.push(text) },
    { info: (event) => void stage.status.push(event) },
    () => stage.here,
    clock,
  )
  return { clock, stage, stop }
}

test('a node waits for a router, and says so once', async () => {
  const { clock, stage, stop } = setup()
  await clock.advance(5_000)
  expect(stage.status).toEqual(['router.awaited', 'waiting for a router on this machine'])
  stage.here = [router(OURS, 1)]
  await clock.advance(600)
  expect(stage.dialled).toEqual(['ws://127.0.0.1:1'])
  expect(stage.status.at(-1)).toMatch(/^at npub1/)
  await clock.advance(5_000)
  expect(stage.dialled).toHaveLength(1)
  stop()
  stage.here = [router(1, 2)]
  await clock.advance(5_000)
  expect(stage.dialled).toHaveLength(1)
})

test('it joins all that run, keeps one that only drains, and leaves one that has ended', async () => {
  const { clock, stage, stop } = setup()
  const dead = { ...router(ENDED, 9), started: null }
  stage.here = [router(OURS, 1), router(1, 2)]
  await clock.advance(600)
  expect(stage.dialled).toEqual(['ws://127.0.0.1:1', 'ws://127.0.0.1:2'])
  // Taken out of the runtime folder, its process still there: it drains.
  stage.here = [router(1, 2)]
  await clock.advance(5_000)
  expect(stage.dialled).toHaveLength(2)
  stage.here = [dead]
  await clock.advance(600)
  stage.here = []
  await clock.advance(600)
  expect(stage.dialled.slice(2)).toEqual(['ws://127.0.0.1:9', 'left ws://127.0.0.1:9'])
  stop()
})
