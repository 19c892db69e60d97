import type { Fault } from '../engine/base/fault.ts'

/**
 * What became of stdout. A write that fails is no reason to drop the rest of a command, so it is
 * noted here, and the command ends with it once everything else has been said.
 *
 * Keyed by the streams, since reading `process.stdout` alone would open it (5 ms).
 */
const lost = new WeakMap<object, string>()
let pending: Promise<void> = Promise.resolve()

/** Notes why a write failed. A reader that has left (`| head -1`) is no failure. */
export const noteLost = (streams: object, error: unknown): void => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  if (code !== 'EPIPE' && !lost.has(streams)) lost.set(streams, code)
}

/** Whether a write has failed, or went nowhere. One whose reader has left is not noted here. */
export const isLost = (streams: object): boolean => lost.has(streams)

/** Puts help and versions on stdout, past Node's stream. `outputFault` waits until it is there. */
export const writeOut = (text: string): void => {
  const written = Bun.write(Bun.stdout, text).then(
    () => {},
    (error: unknown) => noteLost(process, error),
  )
  pending = Promise.all([pending, written]).then(() => noteClosed(process))
}

/**
 * Notes a stdout that was closed before we began (`>&-`): Bun opens /dev/null in its place, as a file
 * descriptor that is closed on exec, which none that was inherited can be.
 */
export const noteClosed = async (streams: object): Promise<void> => {
  if (streams !== process || process.platform !== 'linux') return
  const { readFileSync } = await import('node:fs')
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))?.[1]
    if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0)
      noteLost(streams, Object.assign(new Error('closed'), { code: 'EBADF' }))
  } catch {
    // No /proc: then nobody can tell.
  }
}

// O_CLOEXEC of Linux on x64 and arm64; node:fs does not name it.
const CLOSE_ON_EXEC = 0o2000000

/** The Fault of a stdout that did not take everything, once all that was begun has been written. */
export const outputFault = async (streams: object = process): Promise<Fault | undefined> => {
  await pending
  const code = lost.get(streams)
  if (code === undefined) return undefined
  const { Fault } = await import('../engine/base/fault.ts')
  return new Fault(
    'io',
    'output.lost',
    code === 'EBADF'
      ? 'stdout is closed: the result could not be written'
      : `stdout took only a part of the result, or nothing: ${code}`,
    { hint: roomHint(code) ?? 'name a file instead: fedai request --out FILE' },
  )
}

/** What helps where a disk or a quota is full; undefined for other codes. */
export const roomHint = (code: string): string | undefined =>
  code === 'ENOSPC' || code === 'EDQUOT'
    ? 'no room is left there: free some, or write to another disk'
    : undefined
