import type { Clock } from '../base/clock.ts'
import type { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'

const FIRST_MS = 250
const MOST_MS = 30_000
/** Whoever comes back within 10 s finds its jobs still there (bounds `awayMs`): it knocks often for so long. */
const OFTEN_MS = 1_000
const OFTEN = 12
const GROWTH = 1.1
/** A connection that held this long was a good one: the next wait is short again. */
const GOOD_MS = 10_000

/** One attempt: connects, tells by `ended` once why it is over, and how long it was up (ms); returns what ends it. */
export type Attempt = (ended: (trouble: Fault, upMs: number) => void) => () => void

/**
 * Attempts again and again, with a wait that doubles from 0.25 s to 1 s, stays there for ten seconds,
 * then grows by a tenth each time to 30 s: about a tenth of the time that passed. It is drawn within
 * ± 50 %, so that the clients of a router that restarts do not all come back in one moment.
 * @returns what ends it
 */
export const keepTrying = (
  attempt: Attempt,
  seams: { clock: Clock; random: Random },
  onTrouble: (trouble: Fault, retryMs: number) => void = () => {},
): (() => void) => {
  let failures = 0
  let over = false
  let stop = () => {}
  const next = () => {
    stop = attempt((trouble, upMs) => {
      if (over) return
      failures = upMs >= GOOD_MS ? 1 : failures + 1
      const wait = waitMs(failures, seams.random)
      stop = seams.clock.after(wait, next)
      onTrouble(trouble, wait)
    })
  }
  next()
  return () => {
    if (over) return
    over = true
    stop()
  }
}

/** How long to wait after so many failures in a row, ms. */
export const waitMs = (failures: number, random: Random): number => {
  const soon = Math.min(OFTEN_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10))
  const base = Math.min(MOST_MS, soon * GROWTH ** Math.min(Math.max(0, failures - OFTEN), 100))
  return Math.round(base / 2) + random.below(base + 1)
}
