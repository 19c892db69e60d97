import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { z } from 'zod'
import { SAMPLES } from '../../../test/vectors/samples.ts'
import { compiled } from './compiled.ts'
import { unitsField } from './fields.ts'
import type { KindName } from './kinds.ts'
import { SCHEMAS } from './messages.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Both ways agree: the same value, or both refuse. What has more fields than its schema is the schema's. */
const agree = (schema: z.ZodType, value: Json, quick = compiled(schema)): boolean => {
  const slow = schema.safeParse(value)
  const found = quick(structuredClone(value))
  if (found !== undefined) expect(found).toStrictEqual(slow.data as never)
  if (slow.success && found === undefined)
    expect(countOf(value)).toBeGreaterThan(countOf(slow.data))
  return found !== undefined
}

/** How many fields there are in it, at any depth. */
const countOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, it) => sum + 1 + countOf(it), 0)
    : 0

describe('the quick way and the schema', () => {
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<Json>('', '-1', '01', '9007199254740993', 'f'.repeat(64), 'F'.repeat(64)),
    fc.constantFrom<Json>(-1, 0.5, 1e300, 2 ** 53, 'sum', 'agree', 'dispute', [], [[]], {}),
  )
  for (const name of Object.keys(SAMPLES) as KindName[])
    test(`agree about ${name}, as it is and with anything anywhere in it`, () => {
      const quick = compiled<unknown>(SCHEMAS[name])
      const content = JSON.parse(SAMPLES[name].draft.content) as Json
      expect(agree(SCHEMAS[name], content, quick)).toBe(true)
      for (const path of pathsOf(content)) {
        agree(SCHEMAS[name], changed(content, path), quick)
        agree(SCHEMAS[name], changed(content, path, null), quick)
        agree(SCHEMAS[name], changed(content, path, 'x'.repeat(501)), quick)
      }
      const place = fc.constantFrom(...pathsOf(content))
      fc.assert(
        fc.property(place, odd, fc.string({ maxLength: 12 }), (path, value, key) => {
          agree(SCHEMAS[name], changed(content, path, value as Json), quick)
          agree(SCHEMAS[name], changed(content, [...path, key], value as Json), quick)
        }),
        { numRuns: 150 },
      )
    })

  test('what it does not know it leaves to the schema', () => {
    const schemas: z.ZodType[] = [
      z.looseObject({ a: z.number() }),
      z.union([z.string(), z.number()]),
      z.record(z.string(), z.number()),
      z.object({ a: z.string().default('b'), c: z.number().optional() }),
      z.object({ a: z.base64().max(4) }),
      z.object({ a: z.string().transform((it) => it.length) }),
      z.object({ a: z.number().gt(1).lt(3) }).refine((it) => it.a !== 2),
      z.object({ a: z.tuple([z.string()]), 'b"c\n': z.boolean() }),
      z.partialRecord(z.enum(['a', '__proto__']), z.number()),
      unitsField,
    ]
    const texts = ['{"a":1,"b":2}', '"x"', '{}', '{"a":"QQ=="}', '{"a":2}', '{"a":2.5}', '{"a":1}']
    texts.push('{"a":["x"],"b\\"c\\n":true}', '{"__proto__":1}', '{"in_token":1,"byte":0}', 'null')
    for (const schema of schemas)
      for (const text of texts) {
        const [found, slow] = [
          compiled(schema)(JSON.parse(text)),
          schema.safeParse(JSON.parse(text)),
        ]
        if (found !== undefined) expect(found).toStrictEqual(slow.data as never)
      }
  })

  test('one value leaves nothing behind for the next', () => {
    const quick = compiled(SCHEMAS.progress)
    const content = () => JSON.parse(SAMPLES.progress.draft.content) as object
    const first = quick(content())
    expect(first).toBeDefined()
    expect(quick({ ...content(), status: 'unheard of' })).toBeUndefined()
    expect(quick(content())).toEqual(first!)
  })
})

/** The way to every value in it. */
const pathsOf = (value: Json, path: string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? [path, ...Object.entries(value).flatMap(([key, it]) => pathsOf(it, [...path, key]))]
    : [path]

/** A copy with that value there; without one, with nothing there. */
const changed = (content: Json, path: readonly string[], value?: Json): Json => {
  if (path.length === 0) return value ?? null
  const copy = structuredClone(content)
  let at = copy as Record<string, Json>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, Json>
  const last = path.at(-1)!
  if (typeof at !== 'object' || at === null) return copy
  if (value === undefined) delete at[last]
  else at[last] = value
  return copy
}
