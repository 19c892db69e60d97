import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Clock, unixMs } from '../base/clock.ts'
import { Deadlines } from '../base/deadlines.ts'
import { silentLog } from '../base/log.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { ReplayCache } from '../protocol/replay.ts'
import { memoryStore } from '../storage/memory.ts'
import { Loop } from './loop.ts'
import type { WireEffect, WireEvent } from './wire.ts'

/** A loop that notes by the true clock when its deadlines came, and a clock that can be set. */
const looped = () => {
  const truth = virtualClock(1_800_000_000_000)
  let set = 0
  const clock: Clock = { ...truth, now: () => unixMs(truth.now() + set) }
  const deadlines = new Deadlines()
  const came: [key: string, at: number][] = []
  const loop = new Loop<null, WireEvent | { type: 'wish'; key: string; ms: number }, WireEffect>({
    state: null,
    decide: (state, event, now) => {
      if (event.type === 'wish') deadlines.set(event.key, unixMs(now + event.ms))
      if (event.type === 'tick') for (const key of deadlines.due(now)) came.push([key, truth.now()])
      return { state, effects: [] }
    },
    deadlines: () => deadlines,
    other: () => {},
    rules: {
      verifier: { verify: () => true },
      net: 'sim',
      isMe: () => true,
      startedAt: clock.now(),
      replay: new ReplayCache(120_000),
    },
    clock,
    store: memoryStore(),
    log: silentLog,
    broken: (fault) => {
      throw fault
    },
  })
  return { loop, truth, came, setBy: (ms: number) => void (set += ms) }
}

const step = fc.oneof(
  fc.record({ do: fc.constant('wish' as const), ms: fc.integer({ min: 1, max: 60_000 }) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  // Less than a second is a clock that is led, not set: it may move a deadline by as much.
  fc.record({
    do: fc.constant('set' as const),
    ms: fc.constantFrom(-86_400_000, -300_000, -20_000, -1_500, 1_500, 20_000, 300_000, 86_400_000),
  }),
)

test('however the clock is set, everything is due as long after it was wanted as it was wanted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { loop, truth, came, setBy } = looped()
      const wanted = new Map<string, number>()
      for (const [i, it] of steps.entries())
        if (it.do === 'wait') await truth.advance(it.ms)
        else if (it.do === 'set') setBy(it.ms)
        else {
          wanted.set(`${i}`, truth.now() + it.ms)
          loop.feed({ type: 'wish', key: `${i}`, ms: it.ms })
        }
      await truth.advance(60_000)
      expect(new Map(came)).toEqual(wanted)
      expect(came).toHaveLength(wanted.size)
    }),
    { seed: 8, numRuns: 200 },
  )
})
