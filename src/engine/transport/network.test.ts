import { type Clock, systemClock } from '../base/clock.ts'
import { seededRandom } from '../base/random.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { conformance } from './link.conformance.ts'
import { memoryNetwork } from './memory.ts'
import { socketNetwork } from './sockets.ts'

conformance('in memory', () => {
  const clock = virtualClock()
  return {
    network: memoryNetwork({ clock, random: seededRandom(1) }),
    now: () => clock.now(),
    async until(is) {
      await clock.advance(1)
      for (let turn = 0; turn < 10_000 && !is(); turn++) await clock.advance(1)
    },
  }
})

// Ten times as fast, so that a test need not wait for a second attempt; bounds are far enough still.
const fastClock: Clock = {
  now: systemClock.now,
  ticks: systemClock.ticks,
  after: (ms, call) => systemClock.after(ms / 10, call),
}

conformance('sockets', () => ({
  network: socketNetwork({ clock: fastClock, random: seededRandom(1) }),
  now: () => Date.now(),
  async until(is) {
    await Bun.sleep(1)
    for (let turn = 0; turn < 2_000 && !is(); turn++) await Bun.sleep(1)
  },
}))
