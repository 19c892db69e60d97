import { TomlError, parse } from 'smol-toml'
import { Fault } from '../fault.ts'
import { KIB } from '../bounds.ts'
import { type Place, nearestPlace, placesIn } from './places.ts'

/** The largest fedai.toml, bytes. */
export const CONFIG_BYTES = 256 * KIB

/** A fedai.toml: each key that it sets, with its value and the place where it stands. */
export type ConfigFile = Readonly<{
  path: string
  entries: ReadonlyMap<string, Place & Readonly<{ value: unknown }>>
}>

/**
 * Reads the text of a fedai.toml (TOML 1.0). What its keys mean is not looked at.
 * @param path for errors and sources
 * @throws Fault `config` `config.too_large` | `config.syntax`
 */
export const readToml = (text: string, path: string): ConfigFile => {
  if (Buffer.byteLength(text) > CONFIG_BYTES) throw tooLarge(path)
  const table = parsed(text, path)
  const places = placesIn(text)
  const entries = new Map<string, Place & { value: unknown }>()
  for (const [key, value] of flat(table)) entries.set(key, { ...nearestPlace(places, key), value })
  return { path, entries }
}

/** The fault of a file that is larger than any configuration. */
export const tooLarge = (path: string): Fault =>
  new Fault('config', 'config.too_large', `${path} is larger than ${CONFIG_BYTES / KIB} KiB`, {
    hint: 'check that it is the right file',
  })

const parsed = (text: string, path: string): Record<string, unknown> => {
  try {
    // Objects of smol-toml have no prototype; `__proto__` as a key is refused besides.
    return parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: 16 })
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const what = cause.message.split('\n', 1)[0]!.replace(/^Invalid TOML document: /, '')
    throw new Fault(
      'config',
      'config.syntax',
      `${path}:${cause.line}:${cause.column}: this is not TOML: ${what}`,
      { hint: `look at line ${cause.line} of ${path}`, cause },
    )
  }
}

// No key of ours is as deep; a name with 100,000 dots would be as many calls.
const MOST_DEPTH = 8

// Tables are sections; everything else, an empty table or an array of tables too, is a value.
const flat = function* (table: object, before = '', depth = 1): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(table)) {
    const key = before + name
    const isSection = isTable(value) && Object.keys(value).length > 0
    if (isSection && depth < MOST_DEPTH) yield* flat(value, `${key}.`, depth + 1)
    else yield [key, value]
  }
}

/** Not a list, nor a time. */
export const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
