import { describe, expect, test } from 'bun:test'
import { scriptedChat, scriptedRunner } from '../../../../test/fakes/scripted-runner.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import type { Capability, Runner } from '../../runners/runner.ts'
import { watchRunners } from './watch.ts'

const scene = () => {
  const clock = virtualClock()
  let can: () => Promise<readonly Capability[]> = () => Promise.resolve([scriptedChat()])
  let told = () => {}
  const runner: Runner = {
    ...scriptedRunner({}, { clock }),
    capabilities: () => can(),
    watch: (changed) => {
      told = changed
      return () => void (told = () => {})
    },
  }
  const heard: number[] = []
  const stop = watchRunners([runner], [[scriptedChat()]], clock, (_, found) =>
    heard.push(found.length),
  )
  return {
    clock,
    heard,
    stop,
    can: (it: typeof can) => (can = it),
    tell: async () => {
      told()
      await clock.advance(0)
    },
  }
}

describe('a node hears of its runners', () => {
  test('at once from one that says so, and again when it is back', async () => {
    const it = scene()
    it.can(() => Promise.resolve([]))
    await it.tell()
    it.can(() => Promise.resolve([scriptedChat()]))
    await it.tell()
    await it.tell()
    expect(it.heard).toEqual([0, 1])
    it.stop()
    it.can(() => Promise.resolve([]))
    await it.tell()
    await it.clock.advance(60_000)
    expect(it.heard).toEqual([0, 1])
  })

  test('within 15 s from one that does not', async () => {
    const it = scene()
    it.can(() => Promise.reject(new Error('gone')))
    await it.clock.advance(14_999)
    expect(it.heard).toEqual([])
    await it.clock.advance(1)
    expect(it.heard).toEqual([0])
  })

  test('the newest of two answers, whichever came last', async () => {
    const it = scene()
    const slow = Promise.withResolvers<readonly Capability[]>()
    it.can(() => slow.promise)
    await it.tell()
    it.can(() => Promise.resolve([]))
    await it.tell()
    slow.resolve([scriptedChat('old')])
    await it.clock.advance(0)
    expect(it.heard).toEqual([0])
  })
})
