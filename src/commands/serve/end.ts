import { count, showMs } from '../figures.ts'
import type { Means, Service } from './service.ts'
import { aborted } from './signals.ts'

/** Who is told. */
type Voices = Readonly<{
  terminal: Pick<Means['terminal'], 'say'>
  notifier: Pick<Means['notifier'], 'stopping'>
  log: Pick<Means['log'], 'info' | 'warn'>
  isJson: boolean
}>

/** For the last words of links and runners, after what was open has ended. */
const LAST_WORDS_MS = 5_000

/**
 * Ends a service in good order: nothing new is taken, what is open may end within `drainMs` (or until
 * `skip`), then everybody gets a last word.
 */
export const endInOrder = async (
  service: Pick<Service, 'figures' | 'drain' | 'close'>,
  { terminal, notifier, log, isJson }: Voices,
  drainMs: number,
  skip: AbortSignal,
): Promise<void> => {
  const { jobs = 0 } = service.figures()
  const about = `${count(jobs, 'job')} open, at most ${showMs(drainMs)}`
  notifier.stopping(`draining: ${about}`, drainMs + LAST_WORDS_MS)
  if (isJson || jobs === 0) log.info('draining', { jobs, within_ms: drainMs })
  else terminal.say(`draining: ${about}; Ctrl-C again ends ${jobs === 1 ? 'it' : 'them'} now`)
  const draining = service.drain()
  const timer = Promise.withResolvers<void>()
  const timeout = setTimeout(timer.resolve, drainMs)
  await Promise.race([draining, timer.promise, aborted(skip)])
  clearTimeout(timeout)
  const { jobs: left = 0 } = service.figures()
  if (left > 0) log.warn('drain.cut', { jobs: left })
  await service.close()
}
