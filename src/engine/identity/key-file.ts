import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs'
import { Fault } from '../base/fault.ts'

/** An ncryptsec is 162 characters; anything that is longer than this is no key. */
const MAX_BYTES = 1024

/**
 * The one line of a file that nobody else can read; undefined where there is none.
 * What is checked is the file that is open, not its name: the two could differ a moment later.
 * @throws Fault `config` `key.readable` for a symlink, another owner, or a bit for group or
 *   others; `config` `key.format` where it is no small text file; `io` `key.read`
 */
export const readPrivate = (path: string): string | undefined => {
  const file = openNoFollow(path)
  if (file === undefined) return undefined
  try {
    checkOwn(fstatSync(file), path)
    const bytes = Buffer.alloc(MAX_BYTES + 1)
    const length = readSync(file, bytes, 0, bytes.length, 0)
    const line = bytes.toString('utf8', 0, length).trim()
    bytes.fill(0)
    if (length <= MAX_BYTES && /^[a-z0-9]+$/i.test(line)) return line
    throw new Fault('config', 'key.format', `${path} is not a key file`, {
      hint: 'it has one line, nsec1… or ncryptsec1…',
    })
  } finally {
    closeSync(file)
  }
}

/**
 * Refuses a folder in which somebody else could put a key of their own in place of ours.
 * @throws Fault `config` `key.readable`
 */
export const checkFolder = (dir: string): void => {
  const stats = lstatSync(dir)
  if (isOpenToOthers(stats))
    throw new Fault('config', 'key.readable', `others can use the folder of keys ${dir}`, {
      hint: `chmod 700 ${quoted(dir)}`,
    })
  if (!isOurs(stats)) throw notOurs(dir)
}

/** A path for a command line that is to be copied. */
export const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`

// O_NONBLOCK, since opening a named pipe would wait for a writer for ever.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const openNoFollow = (path: string): number | undefined => {
  try {
    return openSync(path, FLAGS)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'ELOOP')
      throw new Fault('config', 'key.readable', `the key file ${path} is a symbolic link`, {
        hint: 'put the file itself there: where a link leads can be changed by others',
      })
    if (code === 'EACCES') throw notOurs(path)
    throw new Fault('io', 'key.read', `${path} could not be read: ${String(code)}`, {
      hint: 'check the disk',
      cause,
    })
  }
}

const checkOwn = (stats: Stats, path: string): void => {
  if (!stats.isFile())
    throw new Fault('config', 'key.format', `${path} is not a file`, {
      hint: 'it has one line, nsec1… or ncryptsec1…',
    })
  if (!isOurs(stats)) throw notOurs(path)
  if (isOpenToOthers(stats))
    throw new Fault('config', 'key.readable', `others can read the key file ${path}`, {
      hint: `chmod 600 ${quoted(path)}`,
    })
}

// Windows has neither these bits nor these owners: there the profile folder protects.
const hasOwners = process.platform !== 'win32'

const isOpenToOthers = (stats: Stats): boolean => hasOwners && (stats.mode & 0o077) !== 0

const isOurs = (stats: Stats): boolean => !hasOwners || stats.uid === process.getuid?.()

const notOurs = (path: string): Fault =>
  new Fault('config', 'key.readable', `${path} belongs to another user`, {
    hint: 'run as that user, or store a key of your own',
  })
