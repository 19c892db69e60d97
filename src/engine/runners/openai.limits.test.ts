import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { observe } from '../../../test/fakes/observe.ts'
import { type FakeOpenai, fakeOpenai } from '../../../test/fakes/runner.ts'
import type { Clock, UnixMs } from '../base/clock.ts'
import { openaiRunner } from './openai.ts'
import type { Runner } from './runner.ts'

const chatWork = {
  task: 'text.chat@1' as const,
  model: 'fake-model',
  input: { messages: [{ role: 'user', content: 'what is the answer to everything' }] },
  outTokens: 100,
}
const never = () => new AbortController().signal

let fake: FakeOpenai
let runner: Runner
beforeEach(async () => {
  fake = fakeOpenai()
  runner = await openaiRunner(fake.url)
})
afterEach(() => fake.stop())

/** The server hears of the closed socket a moment later. */
const closed = async (): Promise<void> => {
  for (let i = 0; i < 50 && fake.open() > 0; i++) await Bun.sleep(5)
  expect(fake.open()).toBe(0)
}

/** A clock whose timers fire when told. */
const handClock = () => {
  const timers = new Map<number, { ms: number; call: () => void }>()
  let n = 0
  const clock: Clock = {
    now: () => 0 as UnixMs,
    ticks: () => 0,
    after: (ms, call) => {
      const id = n++
      timers.set(id, { ms, call })
      return () => void timers.delete(id)
    },
  }
  const pending = () => [...timers.values()].map((it) => it.ms)
  const fire = () => {
    for (const it of timers.values()) it.call()
  }
  return { clock, pending, fire }
}

describe('a deadline', () => {
  test.each(['never answers', 'stalls', 'pings'] as const)('ends one that %s', async (how) => {
    const hand = handClock()
    const patience = { firstMs: (bytes: number) => 1000 + bytes, gapMs: 77 }
    const mine = await openaiRunner(fake.url, { clock: hand.clock, patience })
    fake.misbehave(how)
    const run = observe(mine, chatWork)
    await Bun.sleep(30)
    // Before the first piece the prompt's 32 bytes count, then the gap; pings move neither.
    expect(hand.pending()).toEqual([how === 'stalls' ? 77 : 1032])
    hand.fire()
    expect((await run).fault?.trouble).toBe('timeout')
    await closed()
  })

  test('does not run while the reader is slow', async () => {
    const hand = handClock()
    const mine = await openaiRunner(fake.url, { clock: hand.clock })
    const gate = Promise.withResolvers<void>()
    const first = Promise.withResolvers<void>()
    const sink = { started: () => {}, piece: () => (first.resolve(), gate.promise) }
    const run = mine.run(chatWork, sink, never())
    await first.promise
    expect(hand.pending()).toEqual([])
    gate.resolve()
    expect((await run).finish).toBe('stop')
  })
})

describe('a cancel', () => {
  test('closes the socket', async () => {
    fake.misbehave('stalls')
    const stop = new AbortController()
    const first = Promise.withResolvers<void>()
    const sink = { started: () => {}, piece: () => first.resolve() }
    const run = runner.run(chatWork, sink, stop.signal)
    await first.promise
    expect(fake.open()).toBe(1)
    stop.abort()
    await expect(run).rejects.toMatchObject({ trouble: 'cancelled' })
    await closed()
  })
})
