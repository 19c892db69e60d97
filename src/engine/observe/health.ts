import type { Clock } from '../base/clock.ts'
import type { Registry } from './metrics.ts'

/** How a daemon is asked how it does. */
export interface Health {
  /** The answer to a GET of a path; undefined where there is no such page. */
  answer(path: string): Page | undefined
  /** The loop has answered lately, and nothing is broken. */
  alive(): boolean
  /** Ends the measuring. */
  stop(): void
}

export type Page = Readonly<{ status: 200 | 503; type: string; body: string }>

type Options = Readonly<{
  clock: Clock
  registry: Registry
  /** Why no job could be served now; null where one could. */
  notReady: () => string | null
  /** What is shown beside the verdict. */
  figures: () => Readonly<Record<string, number>>
}>

/** How often the loop is looked at, and how late a look may be before the loop counts as stuck, ms. */
const BEAT_MS = 500
const STUCK_MS = 5_000
const LAG_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

const JSON_TYPE = 'application/json'
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * `/health` says whether the process lives, `/ready` whether it could serve a job now, `/metrics` what it
 * has counted. A supervisor restarts by the first and sends no work by the second, so they differ.
 */
export const openHealth = ({ clock, registry, notReady, figures }: Options): Health => {
  const lag = registry.histogram(
    'fedai_loop_lag_seconds',
    'How late the loop came to a timer.',
    LAG_S,
  )
  // Not by the time of day: a clock that is set is not the loop's fault.
  let last = clock.ticks()
  const beat = (): void => {
    const now = clock.ticks()
    lag.observe([], Math.max(0, now - last - BEAT_MS) / 1000)
    last = now
    stop = clock.after(BEAT_MS, beat)
  }
  let stop = clock.after(BEAT_MS, beat)
  const alive = (): boolean => clock.ticks() - last < STUCK_MS
  const page = (good: boolean, fields: object): Page => ({
    status: good ? 200 : 503,
    type: JSON_TYPE,
    body: `${JSON.stringify({ v: 1, ...fields })}\n`,
  })
  return {
    alive,
    stop: () => stop(),
    answer: (path) => {
      if (path === '/health') return page(alive(), { alive: alive() })
      if (path === '/metrics') return { status: 200, type: METRICS_TYPE, body: registry.text() }
      if (path !== '/ready') return undefined
      const reason = notReady()
      return page(reason === null, { ready: reason === null, reason, ...figures() })
    },
  }
}
