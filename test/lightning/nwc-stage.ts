import { openFakeRelay } from '../fakes/relay.ts'
import { openLightning } from './ldk.ts'
import { shiftingClock } from './shifting-clock.ts'

/** LDK on regtest and two relays that can misbehave, for wallets behind NWC. One for each file of tests. */
export const openNwcStage = async () => {
  const clock = shiftingClock()
  const lightning = await openLightning(clock)
  const relays = [await openFakeRelay(), await openFakeRelay()] as const
  const honest = relays.map(({ mischief }) => ({ ...mischief }))
  const closing: (() => unknown)[] = []

  const until = async (check: () => unknown): Promise<void> => {
    for (let i = 0; i < 3_000; i++) {
      if (await check()) return
      await Bun.sleep(1)
    }
    throw new Error(`never: ${check}`)
  }

  return {
    clock,
    lightning,
    relays,
    urls: relays.map(({ url }) => url),
    /** What is closed after each test, the last first. */
    closing,
    until,
    /** What becomes of a promise while all patience runs out. */
    afterAllPatience: async <T>(promise: Promise<T>): Promise<T> => {
      let ended = false
      promise.then(
        () => (ended = true),
        () => (ended = true),
      )
      await until(() => {
        clock.shift(ended ? 0 : 50)
        return ended
      })
      return promise
    },
    /** After each test: all is closed, and the relays are honest again. */
    reset: async (): Promise<void> => {
      for (const close of closing.splice(0).reverse()) await close()
      relays.forEach((relay, n) => Object.assign(relay.mischief, honest[n]))
    },
    close: async (): Promise<void> => {
      lightning.close()
      for (const relay of relays) await relay.close()
    },
  }
}
