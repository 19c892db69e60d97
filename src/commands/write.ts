import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { Fault } from '../engine/base/fault.ts'

/**
 * Writes a file whole or not at all: under another name in the same folder, brought to disk, renamed.
 * @throws Fault `io` `output.unwritable`
 */
export const writeWhole = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.${randomUUID().slice(0, 8)}.tmp`
  try {
    const file = await open(draft, 'wx', 0o666)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (cause) {
    await rm(draft, { force: true })
    throw unwritable(path, cause)
  }
}

/**
 * Finds out before a job is paid for whether its result can be kept.
 * @throws Fault `io` `output.unwritable`
 */
export const checkWritable = async (path: string): Promise<void> => {
  const { access, constants, stat } = await import('node:fs/promises')
  const { dirname } = await import('node:path')
  try {
    await access(dirname(path), constants.W_OK)
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

const unwritable = (path: string, cause: unknown): Fault => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  return new Fault('io', 'output.unwritable', `${path} cannot be written: ${code}`, {
    hint: 'name a file in a folder that is there and yours',
    cause,
  })
}
