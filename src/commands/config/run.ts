import { existsSync } from 'node:fs'
import { SECTIONS, likely } from '../../engine/base/config/likely.ts'
import { type Settings, showSource } from '../../engine/base/config/resolve.ts'
import { KEYS, type Key, isKey } from '../../engine/base/config/schema.ts'
import { Fault } from '../../engine/base/fault.ts'
import { paths } from '../../engine/base/paths.ts'
import { configPath, readSettings } from '../settings.ts'
import { secretless } from '../secretless.ts'
import { openTerminal } from '../terminal.ts'
import { configObject, keysIn, pathsShape, sectionObject, settingObject } from './result.ts'
import type { z } from 'zod'

type Options = Readonly<{ json?: boolean | undefined }>

/** `fedai config show`. @throws Fault of settings.ts */
export const showConfig = async (options: Options): Promise<void> => {
  const settings = await readSettings()
  const object = configObject(settings)
  const rows = object.settings.map(({ key, value, source }) => [
    key,
    written(value),
    showSource(source),
  ])
  await print(options, object, columns(rows))
}

/**
 * `fedai config explain KEY`.
 * @throws Fault `usage` `config.no_key`; those of settings.ts
 */
export const explainConfig = async (name: string, options: Options): Promise<void> => {
  if (isKey(name)) return explainKey(await readSettings(), name, options)
  if (keysIn(name).length === 0) throw noKey(name)
  const object = sectionObject(await readSettings(), name)
  const rows = object.settings.map(({ key, value, doc }) => [`${key} = ${written(value)}`, doc])
  await print(
    options,
    object,
    rows.map(([first, doc]) => `${first}\n    ${doc}`),
  )
}

/** `fedai config path`. @throws Fault `config` `paths.*` */
export const showPaths = async (options: Options): Promise<void> => {
  const { keys, state, cache, runtime } = paths(process.env)
  const all = { config: configPath(), keys, state, cache, runtime }
  const object: z.output<typeof pathsShape> = {
    v: 1,
    type: 'paths',
    paths: Object.entries(all).map(([name, path]) => ({
      name: name as keyof typeof all,
      path: secretless(path),
      exists: existsSync(path),
    })),
  }
  const rows = object.paths.map((it) => [it.name, it.path, it.exists ? '' : 'not there yet'])
  await print(options, object, columns(rows))
}

const explainKey = (settings: Settings, key: Key, options: Options): Promise<void> => {
  const object = settingObject(settings, key)
  const rows = [
    ['from', showSource(object.source)],
    ['takes', object.takes],
    ['default', written(object.default)],
    ['example', `${key} = ${written(object.example)}`],
    ['variable', object.variable],
    ['flag', object.flag ?? 'none'],
    ['on HUP', object.reloadable ? 'taken over by a running daemon' : 'kept until a restart'],
  ]
  return print(options, object, [
    `${key} = ${written(object.value)}`,
    object.doc,
    '',
    ...columns(rows).map((line) => `  ${line}`),
  ])
}

const print = async (options: Options, object: object, lines: readonly string[]): Promise<void> => {
  const text = options.json ? JSON.stringify(object) : lines.join('\n')
  await openTerminal(options).emit(`${text}\n`)
}

/** A value as it is written in the file. */
const written = (value: unknown): string => (value === null ? 'unset' : JSON.stringify(value))

const columns = (rows: readonly string[][]): string[] => {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => Bun.stringWidth(row[i]!)).filter((width) => width <= 40)),
  )
  return rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat(Math.max(0, widths[i]! - Bun.stringWidth(cell))))
      .join('  ')
      .trimEnd(),
  )
}

const noKey = (name: string): Fault => {
  const near = likely(name, [...KEYS, ...SECTIONS])
  return new Fault('usage', 'config.no_key', `there is no key ${name.slice(0, 80)}`, {
    hint: near ? `try: fedai config explain ${near}` : 'all keys: fedai config show',
  })
}
