import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isFault } from '../engine/base/fault.ts'
import { paths } from '../engine/base/paths.ts'
import {
  type Env,
  type Flags,
  type Settings,
  resolve,
  showSource,
  wrongValue,
} from '../engine/base/config/resolve.ts'
import { KEYS, type Key, settingOf } from '../engine/base/config/schema.ts'
import { parseNpub, parsePinned } from '../engine/identity/keys.ts'

/**
 * All settings: flag > `FEDAI_*` > fedai.toml > default. What is wrong anywhere is an error, also where
 * another source outranks it.
 * @param flags by key: `{ 'router.listen': options.listen }`; what is undefined was not given
 * @throws Fault `usage` for flags, `config` for variables and file (`config.*`), `paths.*`
 */
export const readSettings = async (
  flags: Flags = {},
  env: Env = process.env,
): Promise<Settings> => {
  const settings = resolve(flags, env, await fileOf(env))
  for (const key of KEYS) checkKeys(settings, key)
  return settings
}

/** Where fedai.toml is looked for. */
export const configPath = (env: Env = process.env): string => join(paths(env).config, 'fedai.toml')

// The reader of TOML is loaded where there is something to read.
const fileOf = async (env: Env) => {
  const path = configPath(env)
  if (isAbsent(path)) return undefined
  const { readConfigFile } = await import('../engine/base/config/file.ts')
  return readConfigFile(path)
}

// A folder that we may not enter is no absent file: the reader says what is wrong.
const isAbsent = (path: string): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

// Keys of people have a checksum, and addresses a form, which identity knows and base does not.
const checkKeys = (settings: Settings, key: Key): void => {
  const { key: sort } = settingOf(key).value
  const written = settings.written(key)
  if (sort === undefined || written === undefined) return
  const source = settings.sourceOf(key)
  for (const text of [written].flat()) {
    try {
      if (sort === 'npub') parseNpub(String(text), showSource(source))
      else parsePinned(String(text), showSource(source))
    } catch (error) {
      if (!isFault(error)) throw error
      throw wrongValue(key, text, source, `which is wrong: ${error.message}`)
    }
  }
}
