import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../base/fault.ts'
import { checkFolder, quoted, readPrivate } from './key-file.ts'
import { nsec, parseSecret } from './keys.ts'
import { type AskPassphrase, encryptSecret } from './passphrase.ts'

/**
 * Stores a secret as DIR/NAME.key, one line `nsec1…` or `ncryptsec1…`, and reads it back
 * before it returns. A file that is there is never overwritten, and one that was interrupted
 * never appears: it is written under another name, brought to disk, then linked.
 *
 * @param options.passphrase encrypts it (NIP-49)
 * @param options.work log2 of scrypt's rounds
 * @returns the path of the file
 * @throws Fault `config` `key.name` | `key.exists` | `key.readable`, `io` `key.write`
 */
export const createKey = async (
  dir: string,
  name: string,
  secret: Uint8Array,
  options: { passphrase?: string; work?: number } = {},
): Promise<string> => {
  const path = pathOf(dir, name)
  const line =
    options.passphrase === undefined
      ? nsec(secret)
      : await encryptSecret(secret, options.passphrase, options.work)
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw notWritten(path, cause)
  }
  checkFolder(dir)
  writeOnce(dir, path, `${line}\n`)
  if (readPrivate(path) !== line)
    throw new Fault('io', 'key.write', `${path} does not contain what was written to it`, {
      hint: 'check the disk; do not use this key',
    })
  return path
}

/**
 * The secret stored as DIR/NAME.key, 32 bytes.
 * @param options.passphrase called only where the file is encrypted
 * @throws Fault `config` `key.name` | `key.missing` | `key.readable` | `key.format` | `key.passphrase`
 */
export const loadKey = async (
  dir: string,
  name: string,
  options: { passphrase?: AskPassphrase } = {},
): Promise<Uint8Array> => {
  const path = pathOf(dir, name)
  const line = readPrivate(path)
  if (line === undefined) {
    const others = listKeys(dir)
    throw new Fault('config', 'key.missing', `there is no key named ${name} in ${dir}`, {
      hint: others.length > 0 ? `stored are: ${others.join(', ')}` : 'no key is stored there yet',
    })
  }
  checkFolder(dir)
  return parseSecret(line, options.passphrase)
}

/** The names of the keys in a folder, sorted; none where there is no such folder. */
export const listKeys = (dir: string): string[] => {
  try {
    return readdirSync(dir)
      .filter((file) => file.endsWith('.key') && NAME.test(file.slice(0, -4)))
      .map((file) => file.slice(0, -4))
      .toSorted()
  } catch {
    return []
  }
}

const NAME = /^[a-z0-9_-]{1,32}$/

const pathOf = (dir: string, name: string): string => {
  if (!NAME.test(name))
    throw new Fault(
      'config',
      'key.name',
      `a key cannot be named ${JSON.stringify(name.slice(0, 40))}`,
      {
        hint: 'use 1 to 32 of the characters a-z, 0-9, _ and -',
      },
    )
  return join(dir, `${name}.key`)
}

// link() instead of rename(): rename overwrites, and a check before it would be a race.
const writeOnce = (dir: string, path: string, text: string): void => {
  const draft = join(dir, `.${randomUUID()}.tmp`)
  try {
    const file = openSync(draft, 'wx', 0o600)
    try {
      writeSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    linkSync(draft, path)
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST')
      throw new Fault('config', 'key.exists', `${path} exists, and a key is never overwritten`, {
        hint: `choose another name, or move it away: mv ${quoted(path)} ${quoted(`${path}.old`)}`,
      })
    throw notWritten(path, cause)
  } finally {
    removeIfThere(draft)
  }
  syncFolder(dir)
}

const removeIfThere = (path: string): void => {
  try {
    unlinkSync(path)
  } catch {
    // It was never made.
  }
}

// The name itself is on disk only after its folder is.
const syncFolder = (dir: string): void => {
  if (process.platform === 'win32') return
  const folder = openSync(dir, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

const notWritten = (path: string, cause: unknown): Fault =>
  new Fault('io', 'key.write', `${path} could not be written: ${codeOf(cause)}`, {
    hint: 'check that the folder is yours and that the disk has room',
    cause,
  })

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
