import { type Log, openLog } from '../../engine/base/log.ts'
import type { Terminal } from '../terminal.ts'

/** What stderr may hold back before lines are left out, bytes: a stuck reader must not cost all memory. */
const MOST_UNWRITTEN = 1_048_576

type Stderr = Pick<NodeJS.WriteStream, 'write' | 'writableLength'>

/**
 * The log of a daemon, on stderr: short lines where a person watches, JSON lines under systemd, in
 * containers and in files. `format` decides where it is not `auto`.
 */
export const daemonLog = (
  { errIsTTY, json, quiet }: Pick<Terminal, 'errIsTTY' | 'json' | 'quiet'>,
  format: 'auto' | 'json' | 'short',
  stderr: Stderr = process.stderr,
): Log & Readonly<{ isJson: boolean }> => {
  const isJson = format === 'json' || (format === 'auto' && (json || !errIsTTY))
  let lost = 0
  const log = openLog({
    json: isJson,
    now: Date.now,
    write: (line) => {
      if (stderr.writableLength > MOST_UNWRITTEN) return void lost++
      if (lost === 0) return void stderr.write(`${line}\n`)
      const lines = lost
      lost = 0
      log.warn('log.lost', { lines })
      stderr.write(`${line}\n`)
    },
  })
  return { ...log, ...(quiet && { info: () => {}, warn: () => {} }), isJson }
}
