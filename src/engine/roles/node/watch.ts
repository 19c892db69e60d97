import type { Clock } from '../../base/clock.ts'
import type { Capability, Runner } from '../../runners/runner.ts'

/**
 * Tells when a runner can do something else than before, or nothing: those that say so themselves are
 * asked then, all of them every 15 s.
 * @param before what each could do when the watching began
 * @returns what ends it
 */
export const watchRunners = (
  runners: readonly Runner[],
  before: readonly (readonly Capability[])[],
  clock: Clock,
  changed: (runner: number, capabilities: readonly Capability[]) => void,
): (() => void) => {
  const known = before.map((it) => JSON.stringify(it))
  const asked = runners.map(() => 0)
  let stopped = false
  const lookAt = async (i: number): Promise<void> => {
    const question = ++asked[i]!
    const found = await runners[i]!.capabilities().catch(() => [])
    // A younger question has a younger answer, whichever comes first.
    if (stopped || question !== asked[i] || JSON.stringify(found) === known[i]) return
    known[i] = JSON.stringify(found)
    changed(i, found)
  }
  const look = async (): Promise<void> => {
    for (const i of runners.keys()) await lookAt(i)
    if (!stopped) stop = clock.after(LOOK_MS, () => void look())
  }
  let stop = clock.after(LOOK_MS, () => void look())
  const stops = runners.map((it, i) => it.watch?.(() => void lookAt(i)))
  return () => {
    stopped = true
    stop()
    for (const end of stops) end?.()
  }
}

/** How often runners are asked what they can do. */
const LOOK_MS = 15_000
