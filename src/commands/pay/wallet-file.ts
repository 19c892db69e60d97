import { constants, mkdirSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault } from '../../engine/base/fault.ts'
import { paths } from '../../engine/base/paths.ts'
import { checkFolder, quoted } from '../../engine/identity/key-file.ts'
import { type Connection, parseConnection } from '../../engine/payments/connection.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { writeWhole } from '../write.ts'

type Env = Readonly<Record<string, string | undefined>>

/** As long as a connection string may be, bytes. */
export const CONNECTION_BYTES = 16_384

/** Where the wallet of a network stands: among the keys, since it opens as much as they do. */
export const walletPath = (net: Net, env: Env = process.env): string =>
  join(paths(env).keys, `wallet-${net}.connection`)

/**
 * The wallet that is connected on a network; null without one.
 * @throws Fault `config` `wallet.readable` for a link, another owner, or a bit for group or others;
 *   `config` `wallet.file` where it says no connection. Neither quotes anything of it.
 */
export const readWallet = async (
  net: Net,
  env: Env = process.env,
): Promise<{ connection: Connection; text: string } | null> => {
  const path = walletPath(net, env)
  const file = await openNoFollow(path)
  if (!file) return null
  try {
    await checkOwn(file, path)
    const text = (await file.readFile('utf8')).trim()
    return { connection: parsed(text, path), text }
  } finally {
    await file.close()
  }
}

/**
 * Keeps a connection string in the place of the one before: under another name, brought to disk, renamed, and read
 * back. Mode 0600, in a folder that nobody else can use.
 * @returns the path of the file
 * @throws Fault `io` `output.unwritable`, `config` `key.readable` for the folder; those of readWallet
 */
export const storeWallet = async (net: Net, text: string, env: Env = process.env) => {
  const path = walletPath(net, env)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  checkFolder(dirname(path))
  await writeWhole(path, `${text}\n`, 0o600)
  if ((await readWallet(net, env))?.text === text) return path
  throw new Fault('io', 'output.unwritable', `${path} does not contain what was written to it`, {
    hint: 'check the disk, then connect the wallet again',
  })
}

// O_NONBLOCK, since opening a named pipe would wait for a writer for ever.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const openNoFollow = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return await open(path, FLAGS)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'ELOOP')
      throw unsafe(`${path} is a symbolic link`, 'put the file itself there, or connect again')
    throw unsafe(`${path} cannot be read: ${code}`, 'check that the file is yours')
  }
}

const checkOwn = async (file: FileHandle, path: string): Promise<void> => {
  const stats = await file.stat()
  if (!stats.isFile() || stats.size > CONNECTION_BYTES) throw broken(path)
  // Windows has neither these bits nor these owners.
  if (process.platform === 'win32') return
  if (stats.uid !== process.getuid?.())
    throw unsafe(`${path} belongs to another user`, 'connect a wallet of your own')
  if ((stats.mode & 0o077) !== 0)
    throw unsafe(`others can read ${path}, which can spend your money`, `chmod 600 ${quoted(path)}`)
}

const parsed = (text: string, path: string): Connection => {
  try {
    return parseConnection(text)
  } catch {
    throw broken(path)
  }
}

const unsafe = (message: string, hint: string): Fault =>
  new Fault('config', 'wallet.readable', message, { hint })

const broken = (path: string): Fault =>
  new Fault('config', 'wallet.file', `${path} holds no connection string`, {
    hint: 'connect the wallet again: fedai pay connect --file FILE',
  })
