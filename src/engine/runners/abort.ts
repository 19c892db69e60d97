import { RunnerFault } from './runner.ts'

/** What a runner throws when its signal was the cause. */
export const cancelled = (): RunnerFault => new RunnerFault('cancelled', 'the job was cancelled')

/** Waits for `work`, but no longer than until `signal` aborts: then it throws RunnerFault `cancelled`. */
export const unlessAborted = async <T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> => {
  if (signal.aborted) throw cancelled()
  if (!(work instanceof Promise)) return work
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(cancelled())
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
