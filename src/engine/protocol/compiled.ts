import type { z } from 'zod'

type Schema = z.core.$ZodType
type Read = (value: unknown) => unknown

/**
 * A quick way through a schema: what the value parses to, or undefined where the schema has to say what is wrong.
 * Zod gives each field a result, a list of issues and a scope to run its checks in, and makes each object anew,
 * which was most of what a router threw away; this looks at what JSON.parse made, and writes into it. It only ever
 * accepts: every refusal is the schema's, and so is what has unknown fields (compiled.test.ts holds the two together).
 * No code is made from text, which a fedai does not allow (scripts/build-binaries.ts).
 *
 * @param schema for JSON; what it does not know of it, it leaves to the schema of that field
 * @returns takes its value over: after undefined that is of no use to anybody
 */
export const compiled = <Out>(schema: z.ZodType<Out>): ((value: unknown) => Out | undefined) => {
  const read = readerOf(schema)
  return (value) => {
    const found = read(value)
    return found === NO ? undefined : (found as Out)
  }
}

/** Gives a schema with a transform a quick way of its own: what it makes of a value, or undefined. */
export const withQuickWay = <It extends z.ZodType>(
  schema: It,
  read: (value: unknown) => z.output<It> | undefined,
): It => {
  quickWays.set(schema, (value) => read(value) ?? NO)
  return schema
}

const quickWays = new WeakMap<Schema, Read>()

/** The schema itself has to look. */
const NO = Symbol('no')

/** What zod shows to libraries that are built upon it. */
const inside = <It extends { _zod: unknown }>(it: It): It['_zod'] => it['_zod']

const readerOf = (schema: Schema): Read => {
  const own = quickWays.get(schema)
  if (own) return own
  const { def, traits } = inside(schema as z.core.$ZodTypes)
  // A format is a type and its own check (z.base64).
  if (traits.has('$ZodCheck') && def.type !== 'number') return leave(schema)
  switch (def.type) {
    case 'string':
      return ofString(schema)
    case 'number':
      return ofNumber(schema)
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : NO)
    case 'unknown':
      return (value) => value
    case 'null':
      return (value) => (value === null ? value : NO)
    case 'enum':
      return oneOf(new Set(Object.values(def.entries)))
    case 'literal':
      return oneOf(new Set(def.values))
    case 'nullable':
      return unless(null, readerOf(def.innerType))
    case 'optional':
      return unless(undefined, readerOf(def.innerType))
    case 'pipe':
      return inTurn(readerOf(def.in), readerOf(def.out))
    case 'array':
      return ofArray(schema as z.core.$ZodArray)
    case 'object':
      return ofObject(schema as z.core.$ZodObject)
    case 'record':
      return ofRecord(schema as z.core.$ZodRecord)
    case 'union':
      return ofUnion(schema as z.core.$ZodDiscriminatedUnion)
    default:
      return leave(schema)
  }
}

/** To the schema itself. */
const leave = (schema: Schema): Read => {
  const { run } = inside(schema)
  return (value) => valueOf(run({ value, issues: [] }, { async: false }))
}

const valueOf = (payload: z.core.ParsePayload | Promise<unknown>): unknown =>
  payload instanceof Promise || payload.issues.length > 0 ? NO : payload.value

const oneOf =
  (words: ReadonlySet<unknown>): Read =>
  (value) =>
    words.has(value) ? value : NO

const unless =
  (absent: null | undefined, read: Read): Read =>
  (value) =>
    value === absent ? value : read(value)

const inTurn =
  (first: Read, then: Read): Read =>
  (value) => {
    const found = first(value)
    return found === NO ? NO : then(found)
  }

const ofString = (schema: Schema): Read => {
  const { least, most, patterns, read } = checksOf(schema)
  return (value) => {
    if (typeof value !== 'string' || value.length < least || value.length > most) return NO
    for (const pattern of patterns) if (!pattern.test(value)) return NO
    return read ? read(value) : value
  }
}

const ofNumber = (schema: Schema): Read => {
  const { whole, least, most, read } = checksOf(schema)
  return (value) => {
    if (typeof value !== 'number' || !(value >= least && value <= most)) return NO
    if (whole ? !Number.isSafeInteger(value) : !Number.isFinite(value)) return NO
    return read ? read(value) : value
  }
}

const ofArray = (schema: z.core.$ZodArray): Read => {
  const element = readerOf(inside(schema).def.element)
  const { least, most, read } = checksOf(schema)
  return (value) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) return NO
    for (let i = 0; i < value.length; i++) {
      const found = element(value[i])
      if (found === NO) return NO
      if (found !== value[i]) value[i] = found
    }
    return read ? read(value) : value
  }
}

const ofObject = (schema: z.core.$ZodObject): Read => {
  const { shape, catchall } = inside(schema).def
  if (catchall) return leave(schema)
  const keys = Object.keys(shape)
  const readers = keys.map((key) => readerOf(shape[key]!))
  const { read } = checksOf(schema)
  return (value) => {
    if (!isObject(value)) return NO
    let present = 0
    for (let i = 0; i < keys.length; i++) {
      const before = value[keys[i]!]
      const found = readers[i]!(before)
      if (found === NO) return NO
      if (found !== before) value[keys[i]!] = found
      if (found !== undefined) present++
    }
    if (Object.keys(value).length !== present) return NO
    return read ? read(value) : value
  }
}

/** A record of some of an enum's words. */
const ofRecord = (schema: z.core.$ZodRecord): Read => {
  const { keyType, valueType } = inside(schema).def
  const words: ReadonlySet<unknown> | undefined = inside(keyType).values
  if (!words || words.has('__proto__') || checksOf(schema).read) return leave(schema)
  const of = readerOf(valueType)
  return (value) => {
    if (!isObject(value)) return NO
    for (const key of Object.keys(value)) {
      const found = words.has(key) ? of(value[key]) : NO
      if (found === NO) return NO
      if (found !== value[key]) value[key] = found
    }
    return value
  }
}

const ofUnion = (schema: z.core.$ZodDiscriminatedUnion): Read => {
  const { discriminator, options } = inside(schema).def
  if (!discriminator || checksOf(schema).read) return leave(schema)
  const readers = new Map<unknown, Read>()
  for (const option of options)
    for (const word of inside(option).propValues?.[discriminator] ?? [])
      readers.set(word, readerOf(option))
  return (value) => (isObject(value) ? (readers.get(value[discriminator])?.(value) ?? NO) : NO)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The checks of a schema: bounds and patterns, and one reader for all others. */
const checksOf = (schema: Schema) => {
  const found = { least: -Infinity, most: Infinity, whole: false, patterns: [] as RegExp[] }
  const others: z.core.$ZodCheck<unknown>[] = []
  for (const check of inside(schema).def.checks ?? []) {
    const { def } = inside(check as z.core.$ZodChecks)
    if (def.check === 'min_length') found.least = Math.max(found.least, def.minimum)
    else if (def.check === 'max_length') found.most = Math.min(found.most, def.maximum)
    else if (def.check === 'greater_than' && def.inclusive && typeof def.value === 'number')
      found.least = Math.max(found.least, def.value)
    else if (def.check === 'less_than' && def.inclusive && typeof def.value === 'number')
      found.most = Math.min(found.most, def.value)
    else if (def.check === 'number_format' && def.format === 'safeint') found.whole = true
    else if (def.check === 'string_format' && def.format === 'regex' && def.pattern)
      found.patterns.push(def.pattern)
    else others.push(check as z.core.$ZodCheck<unknown>)
  }
  const read: Read = (value) => {
    const payload: z.core.ParsePayload = { value, issues: [] }
    for (const check of others) void inside(check).check(payload)
    return valueOf(payload)
  }
  return { ...found, read: others.length > 0 ? read : null }
}
