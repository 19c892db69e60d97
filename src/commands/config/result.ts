import { z } from 'zod'
import type { Settings } from '../../engine/base/config/resolve.ts'
import { KEYS, type Key, isKey, settingOf, variableOf } from '../../engine/base/config/schema.ts'
import { secretless } from '../secretless.ts'

/** What `fedai config … --json` prints. */

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).nullable()

const source = z.discriminatedUnion('from', [
  z.object({ from: z.literal('flag'), flag: z.string() }),
  z.object({ from: z.literal('env'), variable: z.string() }),
  z.object({ from: z.literal('file'), file: z.string(), line: z.int(), column: z.int() }),
  z.object({ from: z.literal('default') }),
])

const shown = z.object({ key: z.string(), value, source })

export const configShape = z.object({
  v: z.literal(1),
  type: z.literal('config'),
  settings: z.array(shown),
})

export const settingShape = z.object({
  v: z.literal(1),
  type: z.literal('setting'),
  ...shown.shape,
  doc: z.string(),
  takes: z.string(),
  default: value,
  example: value,
  variable: z.string(),
  flag: z.string().nullable(),
  reloadable: z.boolean(),
})

export const sectionShape = z.object({
  v: z.literal(1),
  type: z.literal('section'),
  section: z.string(),
  settings: z.array(z.object({ ...shown.shape, doc: z.string() })),
})

/** A key, or a section with its keys. */
export const explainShape = z.union([settingShape, sectionShape])

export const pathsShape = z.object({
  v: z.literal(1),
  type: z.literal('paths'),
  paths: z.array(
    z.object({
      name: z.enum(['config', 'keys', 'state', 'cache', 'runtime']),
      path: z.string(),
      exists: z.boolean(),
    }),
  ),
})

type Value = z.output<typeof value>

export const configObject = (settings: Settings): z.output<typeof configShape> => ({
  v: 1,
  type: 'config',
  settings: KEYS.map((key) => shownOf(settings, key)),
})

export const settingObject = (settings: Settings, key: Key): z.output<typeof settingShape> => {
  const { doc, value: kind, usual, example, flag, reload } = settingOf(key)
  return {
    v: 1,
    type: 'setting',
    ...shownOf(settings, key),
    doc,
    takes: kind.expected,
    default: (usual ?? null) as Value,
    example: example as Value,
    variable: variableOf(key),
    flag: flag ?? null,
    reloadable: reload,
  }
}

export const sectionObject = (
  settings: Settings,
  section: string,
): z.output<typeof sectionShape> => ({
  v: 1,
  type: 'section',
  section,
  settings: keysIn(section).map((key) => ({ ...shownOf(settings, key), doc: settingOf(key).doc })),
})

/** The keys of a section, such as `router`; none where there is no such section. */
export const keysIn = (section: string): Key[] =>
  isKey(section) ? [] : KEYS.filter((key) => key.startsWith(`${section}.`))

const shownOf = (settings: Settings, key: Key) => ({
  key,
  value: quotable((settings.written(key) ?? null) as Value),
  source: settings.sourceOf(key),
})

// A path is where a connection string is most easily written by mistake.
const quotable = (given: Value): Value => {
  if (typeof given === 'string') return secretless(given)
  return Array.isArray(given) ? given.map(secretless) : given
}
