import type { Bounds } from '../bounds.ts'
import { Fault } from '../fault.ts'
import { nearest } from '../nearest.ts'
import { SECTIONS, lastOf, likely, likelyVariable } from './likely.ts'
import { boundsOf } from './limits.ts'
import { KEYS, type Key, type ValueOf, isKey, settingOf, variableOf } from './schema.ts'
import { type ConfigFile, isTable } from './toml.ts'
import type { Written } from './setting.ts'

/** Where a value comes from. */
export type Source =
  | Readonly<{ from: 'flag'; flag: string }>
  | Readonly<{ from: 'env'; variable: string }>
  | Readonly<{ from: 'file'; file: string; line: number; column: number }>
  | Readonly<{ from: 'default' }>

/** What flags say, by the key that each stands for; undefined where a flag is not given. */
export type Flags = Readonly<{ [K in Key]?: string | readonly string[] | undefined }>

export type Env = Readonly<Record<string, string | undefined>>

/** All settings, each from the first of flag, variable, file and default that says it. */
export interface Settings {
  /** The value, typed: times in milliseconds, sizes in bytes, money in msat. */
  get<K extends Key>(key: K): ValueOf<K>
  /** The value as it would be written in the file; undefined where there is none. */
  written(key: Key): Written | undefined
  sourceOf(key: Key): Source
  /** All bounds, with those of `limits.*` as they are set. */
  bounds(): Bounds
}

/** Variables that are no settings, and what for. */
export const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  FEDAI_HOME: 'one folder for everything: configuration, keys, ledger (default: XDG folders)',
  FEDAI_DEBUG: '1: show where in the program a bug was met',
}
// Of the tests and scripts of a clone. Whoever works on fedai may run it from the same shell.
const OF_A_CLONE = /^FEDAI_(TEST_FULL|SEEDS?|CACHE|LLAMA_SERVER|LIVE)$/

/**
 * Settles every setting. Pure.
 * @throws Fault `usage` `config.value` where a flag is wrong; `config` `config.value` |
 *   `config.unknown_key` | `config.unknown_variable` where a file or a variable is
 */
export const resolve = (flags: Flags, env: Env, file?: ConfigFile): Settings => {
  if (file) checkFile(file)
  checkVariables(env)
  const settled = new Map(KEYS.map((key) => [key, settle(key, flags, env, file)]))
  const get = <K extends Key>(key: K) => settled.get(key)!.value as ValueOf<K>
  return {
    get,
    written: (key) => settled.get(key)!.written,
    sourceOf: (key) => settled.get(key)!.source,
    bounds: () => boundsOf(get),
  }
}

/** A source in a sentence: `--listen`, `FEDAI_ROUTER_LISTEN`, `fedai.toml:3:1`. */
export const showSource = (source: Source): string => {
  if (source.from === 'flag') return source.flag
  if (source.from === 'env') return source.variable
  if (source.from === 'file') return `${source.file}:${source.line}:${source.column}`
  return 'default'
}

type Settled = Readonly<{ value: unknown; written: Written | undefined; source: Source }>

const settle = (key: Key, flags: Flags, env: Env, file: ConfigFile | undefined): Settled => {
  const { value: kind, usual } = settingOf(key)
  // All that is said is checked, also what another source outranks: some day it will not be.
  const said = sayings(key, flags, env, file).map((saying) => check(key, saying))
  const value = usual === undefined ? undefined : kind.schema.parse(usual)
  return said[0] ?? { value, written: usual, source: { from: 'default' } }
}

type Saying = Readonly<{ raw: unknown; source: Source }>

/** What is said about a key, the strongest source first. */
const sayings = (key: Key, flags: Flags, env: Env, file: ConfigFile | undefined): Saying[] => {
  const { value: kind, flag = key } = settingOf(key)
  const said: Saying[] = []
  const given = flags[key]
  if (given !== undefined)
    said.push({
      raw: typeof given === 'string' ? (kind.list ? [given] : kind.ofText(given)) : given,
      source: { from: 'flag', flag },
    })
  const variable = variableOf(key)
  const text = env[variable]
  // Set to nothing is not set, as everywhere: a unit file cannot unset a variable.
  if (text) said.push({ raw: kind.ofText(text), source: { from: 'env', variable } })
  const entry = file?.entries.get(key)
  if (file && entry) {
    const { value: raw, line, column } = entry
    said.push({ raw, source: { from: 'file', file: file.path, line, column } })
  }
  return said
}

const check = (key: Key, { raw, source }: Saying): Settled => {
  const { schema, expected, wrong } = settingOf(key).value
  const result = schema.safeParse(raw)
  if (result.success) return { value: result.data, written: raw as Written, source }
  const said = wrong?.(raw)
  const why = said ? `which ${said.why}` : `which is not ${expected}`
  throw wrongValue(key, raw, source, why, said?.hint)
}

/**
 * The fault of a value that is not what its key takes, whoever found that out.
 * @param why the end of the sentence
 * @param hint what to write, where it is more than an example
 */
export const wrongValue = (
  key: Key,
  raw: unknown,
  source: Source,
  why: string,
  hint = `such as: ${exampleOf(key, source)}`,
): Fault => {
  const where = showSource(source)
  const isFlag = source.from === 'flag'
  const what = isFlag ? where : `${where}: ${key}`
  return new Fault(
    isFlag ? 'usage' : 'config',
    'config.value',
    `${what} is ${shown(raw)}, ${why}`,
    { hint },
  )
}

/** The example of a key, as the source of a wrong value would say it. */
const exampleOf = (key: Key, source: Source): string => {
  const { example } = settingOf(key)
  const values = typeof example === 'object' ? example : [String(example)]
  if (source.from === 'flag') return values.map((it) => `${source.flag} ${it}`).join(' ')
  if (source.from === 'env') return `${source.variable}=${values.join(',')}`
  return `${lastOf(key)} = ${JSON.stringify(example)}`
}

/** What was given, in a sentence: short, and without what may be a secret key in the wrong place. */
const shown = (raw: unknown): string => {
  const text = (JSON.stringify(raw) ?? 'nothing').replace(SECRET, '(not shown)')
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

// The last is a password in an address.
const SECRET = /n(?:crypt)?sec1[0-9a-z]+|\b[0-9a-f]{64}\b|(?<=\/\/)[^/@\s"]+(?=@)/gi

const checkFile = (file: ConfigFile): void => {
  for (const [name, { line, column, value }] of file.entries) {
    const isSection = SECTIONS.includes(name)
    // An empty one: of all others the keys stand here.
    const isEmptySection = isTable(value)
    if (isKey(name) || (isSection && isEmptySection)) continue
    const what = isSection
      ? `${name} is a section, and holds keys only`
      : `there is no key ${name.slice(0, 80)}`
    const near = isEmptySection ? nearest(name, SECTIONS) : likely(name)
    throw new Fault('config', 'config.unknown_key', `${file.path}:${line}:${column}: ${what}`, {
      hint: near && !isSection ? `did you mean ${near}?` : 'all keys: fedai config show',
    })
  }
}

const checkVariables = (env: Env): void => {
  const known = [...KEYS.map(variableOf), ...Object.keys(OTHER_VARIABLES)]
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('FEDAI_') || !text || known.includes(name) || OF_A_CLONE.test(name))
      continue
    const near = likelyVariable(name, Object.keys(OTHER_VARIABLES))
    throw new Fault(
      'config',
      'config.unknown_variable',
      `the variable ${name.slice(0, 80)} is not known`,
      { hint: near ? `did you mean ${near}?` : 'all variables: fedai config show' },
    )
  }
}
