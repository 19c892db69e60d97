import type { Fields, Log } from '../../base/log.ts'
import type { SupervisorState } from './state.ts'

/** What a supervised runner is called in the log, and how much it loads. */
export type About = Readonly<{ runner: string; model: string; mb: number }>

/** Says what a runner is doing now, or does still (`again`). Codes and words of ours: what it printed may quote a prompt. */
export const tellPhase = (
  log: Log,
  about: About,
  { phase, why, failures, due }: SupervisorState,
  { now, startedAt, again }: Readonly<{ now: number; startedAt: number; again: boolean }>,
): void => {
  const cause: Fields = why ? { code: why.code, reason: why.message } : {}
  const elapsed_s = seconds(now - startedAt)
  switch (phase) {
    case 'starting':
      // After a wait it was said before that.
      if (failures === 1 && !again)
        log.warn('runner.crashed', { ...about, ...cause, failures, wait_s: 0 })
      return log.info('runner.loading', { ...about, elapsed_s })
    case 'ready':
      return log.info('runner.ready', { ...about, elapsed_s })
    case 'degraded':
      return log.warn('runner.doubted', about)
    case 'backoff':
      return log.warn('runner.crashed', {
        ...about,
        ...cause,
        failures,
        wait_s: seconds(due! - now),
      })
    case 'failed':
      return log.error('runner.given_up', {
        ...about,
        ...cause,
        failures,
        again_s: due === null ? null : seconds(due - now),
      })
    case 'absent':
    case 'crashed':
    case 'draining':
    case 'stopping':
    case 'stopped':
  }
}

const seconds = (ms: number): number => Math.round(ms / 1000)
