import type { z } from 'zod'

type Schema = z.core.$ZodType

/**
 * A schema as one function of its own: the value that it parses to, or undefined where the schema has to say
 * what is wrong. Zod gives each field a result, a list of issues and a scope to run its checks in, which is most
 * of what a router throws away; this gives them none. It only ever accepts: every refusal is the schema's
 * (compiled.test.ts holds the two together). What it does not know it leaves to the schema of that field.
 *
 * @param schema for JSON: values with the prototypes of JSON.parse, and no `undefined`
 */
export const compiled = <Out>(schema: z.ZodType<Out>): ((value: unknown) => Out | undefined) => {
  const code: Code = { lines: [], given: [], names: 0 }
  const out = write(code, schema, 'value')
  const body = `'use strict';${code.lines.join('\n')}\nreturn ${out}`
  const parameters = code.given.map((_, i) => `g${i}`)
  // The text is made of our own schemas: keys and words stand in it as JSON, everything else is a parameter.
  return new Function(...parameters, `return (value) => {${body}}`)(...code.given)
}

/** What zod shows to libraries that are built upon it. */
const inside = <It extends { _zod: unknown }>(it: It): It['_zod'] => it['_zod']

type Code = { lines: string[]; given: unknown[]; names: number }

const say = (code: Code, line: string): void => void code.lines.push(line)
const demand = (code: Code, holds: string): void => say(code, `if (!(${holds})) return undefined`)
const named = (code: Code): string => `v${code.names++}`
const give = (code: Code, it: unknown): string => `g${code.given.push(it) - 1}`

/** Lines that check the value of that name, and the name of what it parses to. */
const write = (code: Code, schema: Schema, at: string): string => {
  const { def } = inside(schema as z.core.$ZodTypes)
  // A format is a type and its own check (z.base64).
  if (inside(schema).traits.has('$ZodCheck') && def.type !== 'number')
    return leave(code, schema, at)
  switch (def.type) {
    case 'string':
      demand(code, `typeof ${at} === 'string'`)
      return writeChecks(code, schema, at)
    case 'number':
      demand(code, `typeof ${at} === 'number' && Number.isFinite(${at})`)
      return writeChecks(code, schema, at)
    case 'boolean':
      demand(code, `typeof ${at} === 'boolean'`)
      return at
    case 'unknown':
      return at
    case 'null':
      demand(code, `${at} === null`)
      return at
    case 'enum':
      return writeWords(code, Object.values(def.entries), at)
    case 'literal':
      return writeWords(code, def.values, at)
    case 'nullable':
      return writeUnless(code, def.innerType, at, 'null')
    case 'optional':
      return writeUnless(code, def.innerType, at, 'undefined')
    case 'pipe':
      return write(code, def.out, write(code, def.in, at))
    case 'array':
      return writeArray(code, schema as z.core.$ZodArray, at)
    case 'object':
      return writeObject(code, schema as z.core.$ZodObject, at)
    case 'record':
      return writeRecord(code, schema as z.core.$ZodRecord, at)
    case 'union':
      return writeUnion(code, schema as z.core.$ZodDiscriminatedUnion, at)
    default:
      return leave(code, schema, at)
  }
}

/** To the schema itself. */
const leave = (code: Code, schema: Schema, at: string): string => {
  const out = named(code)
  const run = give(code, inside(schema).run)
  say(code, `const ${out} = ${run}({ value: ${at}, issues: [] }, { async: false })`)
  demand(code, `${out}.issues.length === 0`)
  return `${out}.value`
}

const writeWords = (code: Code, words: readonly unknown[], at: string): string => {
  demand(code, words.map((it) => `${at} === ${JSON.stringify(it)}`).join(' || '))
  return at
}

const writeUnless = (code: Code, inner: Schema, at: string, absent: string): string => {
  const out = named(code)
  say(code, `let ${out} = ${absent}; if (${at} !== ${absent}) {`)
  say(code, `${out} = ${write(code, inner, at)} }`)
  return out
}

const writeChecks = (code: Code, schema: Schema, at: string): string => {
  const others: z.core.$ZodCheck[] = []
  for (const check of inside(schema).def.checks ?? []) {
    const { def } = inside(check as z.core.$ZodChecks)
    if (def.check === 'min_length') demand(code, `${at}.length >= ${def.minimum}`)
    else if (def.check === 'max_length') demand(code, `${at}.length <= ${def.maximum}`)
    else if (def.check === 'number_format' && def.format === 'safeint')
      demand(code, `Number.isSafeInteger(${at})`)
    else if (def.check === 'greater_than')
      demand(code, `${at} ${def.inclusive ? '>=' : '>'} ${def.value}`)
    else if (def.check === 'less_than')
      demand(code, `${at} ${def.inclusive ? '<=' : '<'} ${def.value}`)
    else if (def.check === 'string_format' && def.format === 'regex')
      demand(code, `${give(code, def.pattern)}.test(${at})`)
    else others.push(check)
  }
  if (others.length === 0) return at
  const out = named(code)
  say(code, `const ${out} = { value: ${at}, issues: [] }`)
  for (const check of others) say(code, `${give(code, inside(check).check)}(${out})`)
  demand(code, `${out}.issues.length === 0`)
  return `${out}.value`
}

const writeArray = (code: Code, schema: z.core.$ZodArray, at: string): string => {
  const [out, one] = [named(code), named(code)]
  demand(code, `Array.isArray(${at})`)
  writeChecks(code, schema, at)
  say(code, `const ${out} = []; for (const ${one} of ${at}) {`)
  say(code, `${out}.push(${write(code, inside(schema).def.element, one)}) }`)
  return out
}

const IS_OBJECT = (at: string) =>
  `typeof ${at} === 'object' && ${at} !== null && !Array.isArray(${at})`

const writeObject = (code: Code, schema: z.core.$ZodObject, at: string): string => {
  const { shape, catchall } = inside(schema).def
  if (catchall) return leave(code, schema, at)
  const out = named(code)
  demand(code, IS_OBJECT(at))
  say(code, `const ${out} = {}`)
  for (const [key, field] of Object.entries(shape)) {
    const [name, one] = [JSON.stringify(key), named(code)]
    say(code, `const ${one} = ${at}[${name}]`)
    const value = write(code, field, one)
    const may = inside(field).optout === 'optional' ? `if (${one} !== undefined) ` : ''
    say(code, `${may}${out}[${name}] = ${value}`)
  }
  return writeChecks(code, schema, out)
}

/** A record of some of an enum's words. */
const writeRecord = (code: Code, schema: z.core.$ZodRecord, at: string): string => {
  const { keyType, valueType } = inside(schema).def
  const words = inside(keyType).values
  if (!words) return leave(code, schema, at)
  const [out, key, one] = [named(code), named(code), named(code)]
  demand(code, IS_OBJECT(at))
  say(code, `const ${out} = {}; for (const ${key} in ${at}) {`)
  demand(code, `${give(code, words)}.has(${key})`)
  say(code, `const ${one} = ${at}[${key}]`)
  say(code, `${out}[${key}] = ${write(code, valueType, one)} }`)
  return out
}

const writeUnion = (code: Code, schema: z.core.$ZodDiscriminatedUnion, at: string): string => {
  const { discriminator, options } = inside(schema).def
  if (!discriminator) return leave(code, schema, at)
  const [out, which] = [named(code), named(code)]
  demand(code, IS_OBJECT(at))
  say(code, `let ${out}; const ${which} = ${at}[${JSON.stringify(discriminator)}]; `)
  for (const option of options) {
    const [word] = inside(option).propValues?.[discriminator] ?? []
    say(code, `if (${which} === ${JSON.stringify(word)}) {`)
    say(code, `${out} = ${write(code, option, at)} } else`)
  }
  say(code, 'return undefined')
  return out
}
