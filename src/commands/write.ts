import { randomUUID } from 'node:crypto'
import { access, constants, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault } from '../engine/base/fault.ts'
import { roomHint } from './stdout.ts'

/**
 * Writes a file whole or not at all: under another name in the same folder, brought to disk, renamed.
 * A device or a pipe is written to as it is, and a link stays one.
 * @param mode of the new file, less the umask
 * @throws Fault `io` `output.unwritable`
 */
export const writeWhole = async (path: string, text: string, mode = 0o666): Promise<void> => {
  try {
    const there = await stat(path).catch(() => undefined)
    // A rename would put a plain file in the place of /dev/null.
    if (there && !there.isFile()) await writeFile(path, text)
    else await replace(there ? await realpath(path) : path, text, mode)
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

/**
 * Finds out before a job is paid for whether its result can be kept.
 * @throws Fault `io` `output.unwritable`
 */
export const checkWritable = async (path: string): Promise<void> => {
  try {
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    if (there && !there.isFile()) await access(path, constants.W_OK)
    else await access(dirname(there ? await realpath(path) : path), constants.W_OK)
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

const replace = async (path: string, text: string, mode: number): Promise<void> => {
  // Short, since a name that is as long as names can be must still fit.
  const draft = join(dirname(path), `.fedai-${randomUUID()}.tmp`)
  try {
    const file = await open(draft, 'wx', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (cause) {
    await rm(draft, { force: true })
    throw cause
  }
}

const unwritable = (path: string, cause: unknown): Fault => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  return new Fault('io', 'output.unwritable', `${path} cannot be written: ${code}`, {
    hint: roomHint(code) ?? 'name a file in a folder that is there and yours',
    cause,
  })
}
