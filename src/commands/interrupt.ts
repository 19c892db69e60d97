import { Fault } from '../engine/base/fault.ts'

/** What Ctrl-C does to a command that is at work. */
export interface Interrupt {
  /** Aborted by the first Ctrl-C (or TERM, HUP), or when nobody reads the output any more. */
  readonly signal: AbortSignal
  /** True after a signal; false where only the reader left. */
  readonly asked: () => boolean
  /** The work's result, or Fault `interrupted` `ms` after the signal, whichever is first. */
  within<T>(work: Promise<T>, ms: number): Promise<T>
  /** Signals mean again what they meant before. */
  release(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Turns the first signal into an abort. The second finds the system's own answer again and ends the
 * process at once: nobody is ever held by a program that waits.
 */
export const onInterrupt = (gone: AbortSignal, said: () => void = () => {}): Interrupt => {
  const controller = new AbortController()
  let asked = false
  const stop = () => {
    asked = true
    // After the other listeners: ink's (signal-exit) kills the process where it finds itself alone.
    queueMicrotask(release)
    said()
    controller.abort()
  }
  const leave = () => controller.abort()
  const release = () => {
    for (const name of SIGNALS) process.off(name, stop)
    gone.removeEventListener('abort', leave)
  }
  for (const name of SIGNALS) process.on(name, stop)
  if (gone.aborted) leave()
  gone.addEventListener('abort', leave)
  return {
    signal: controller.signal,
    asked: () => asked,
    within: (work, ms) => bounded(work, controller.signal, ms),
    release,
  }
}

/** What an interrupted command ends with. */
export const interrupted = (): Fault => new Fault('interrupted', 'interrupted', 'interrupted')

const bounded = async <T>(work: Promise<T>, signal: AbortSignal, ms: number): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>()
  let timer: Timer | undefined
  const start = () => {
    timer = setTimeout(() => reject(interrupted()), ms)
  }
  if (signal.aborted) start()
  signal.addEventListener('abort', start, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', start)
    // Whoever loses the race has nobody left to hear its end.
    work.catch(() => {})
  }
}
