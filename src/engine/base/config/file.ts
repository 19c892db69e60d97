import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { Fault } from '../fault.ts'
import { CONFIG_BYTES, type ConfigFile, readToml, tooLarge } from './toml.ts'

/**
 * Reads a fedai.toml; undefined where there is none.
 * @param me user id of this process; undefined where the system has none (Windows)
 * @throws Fault `config` `config.writable` where somebody else could have written it;
 *   `config.unreadable` | `config.not_utf8`; those of readToml
 */
export const readConfigFile = (
  path: string,
  me: number | undefined = process.getuid?.(),
): ConfigFile | undefined => {
  const bytes = bytesOf(path, me)
  if (bytes === undefined) return undefined
  try {
    return readToml(new TextDecoder('utf-8', { fatal: true }).decode(bytes), path)
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new Fault('config', 'config.not_utf8', `${path} is not UTF-8 text`, {
      hint: 'TOML is always UTF-8: save it as that',
      cause,
    })
  }
}

const bytesOf = (path: string, me: number | undefined): Uint8Array | undefined => {
  let file: number | undefined
  try {
    // Without O_NONBLOCK a FIFO in its place would hold us for ever. Windows has no such flag.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const stats = fstatSync(file)
    if (!stats.isFile())
      throw new Fault('config', 'config.unreadable', `${path} is not a file`, {
        hint: 'put the configuration into a plain file there, or take it away',
      })
    if (me !== undefined) checkOwner(path, stats, me)
    return readAll(file, path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (!/^E[A-Z0-9]+$/.test(code)) throw cause
    throw new Fault('config', 'config.unreadable', `${path} cannot be read: ${code}`, {
      hint: `check whose it is: ls -l ${path}`,
      cause,
    })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

// Whoever writes it can name the router that sees every job, and the runner that is started.
const checkOwner = (path: string, { mode, uid }: Stats, me: number): void => {
  if ((mode & 0o022) !== 0)
    throw new Fault('config', 'config.writable', `others can write ${path}`, {
      hint: `chmod go-w ${path}`,
    })
  if (uid !== me && uid !== 0)
    throw new Fault('config', 'config.writable', `${path} belongs to another user (${uid})`, {
      hint: `chown it to yourself or root: ${path}`,
    })
}

const readAll = (file: number, path: string): Uint8Array => {
  const buffer = new Uint8Array(CONFIG_BYTES + 1)
  let length = 0
  for (;;) {
    const read = readSync(file, buffer, length, buffer.length - length, null)
    length += read
    if (length > CONFIG_BYTES) throw tooLarge(path)
    if (read === 0) return buffer.subarray(0, length)
  }
}
