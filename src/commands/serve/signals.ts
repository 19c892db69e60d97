import { isatty } from 'node:tty'

/** What signals mean to a daemon. */
export interface Signals {
  /** Aborted by the first TERM or INT: end in good order. */
  readonly stop: AbortSignal
  /** Aborted by the second: end now, still with a word to everybody. A third kills. */
  readonly skip: AbortSignal
  /** What HUP does from now on. */
  onReload(reload: () => void): void
  /** Signals mean again what they meant before. */
  release(): void
}

/**
 * Listens for TERM, INT and HUP. HUP reads files again, as daemons have it; where the terminal that the
 * daemon was started on is gone, it means what a terminal means by it: end.
 */
export const daemonSignals = (ownTerminal: boolean = isatty(2)): Signals => {
  const stop = new AbortController()
  const skip = new AbortController()
  let reload = () => {}
  const end = () => {
    if (!stop.signal.aborted) return stop.abort()
    skip.abort()
    // Nobody is ever held by a program that waits: from here on the system's own answer holds.
    release()
  }
  const hangUp = () => (ownTerminal && !isatty(2) ? end() : reload())
  const release = () => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.off(name, end)
    process.off('SIGHUP', hangUp)
  }
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, end)
  process.on('SIGHUP', hangUp)
  return {
    stop: stop.signal,
    skip: skip.signal,
    onReload: (call) => {
      reload = call
    },
    release,
  }
}

/** Resolves when a signal is aborted. */
export const aborted = (signal: AbortSignal): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
