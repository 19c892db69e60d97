import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { decodeText, parseSealed, parseStrict } from './json.ts'
import { type Refusal, type RefusalCode, isRefusal, refuse } from './refusal.ts'
import { scan } from './scan.ts'

const DEPTH = 8
const strict = (text: string) => parseStrict(text, { maxDepth: DEPTH })
const codeOf = (it: { value: unknown } | Refusal) => (isRefusal(it) ? it.refused : 'ok')

/** The same rules without the fast path. */
const slow = (text: string): { value: unknown } | Refusal =>
  text.isWellFormed()
    ? (scan(text, { maxDepth: DEPTH, strict: true }) ?? { value: JSON.parse(text) })
    : refuse('event.bad_text', '')

const same = (text: string): void => {
  const [fast, plain] = [strict(text), slow(text)]
  expect(codeOf(fast)).toBe(codeOf(plain))
  if (!isRefusal(fast) && !isRefusal(plain)) {
    expect(fast.value).toEqual(plain.value)
    expect(fast.value).toEqual(JSON.parse(text))
  }
}

/** What JSON is made of, and what is nearly JSON: joined at random, it often comes close. */
const TOKENS = [
  ['{', '}', '[', ']', ',', ':', '"a"', '"a":', '"\\u0061":', '"__proto__":', '"b":1', '""'],
  ['0', '-0', '1', '-1', '1.0', '1.5', '1e3', '01', '9007199254740991', '9007199254740992'],
  ['1e999', 'true', 'false', 'null', 'nul', ' ', '\n', '\t', '\u000b', '\u00a0', '\ufeff'],
  ['"', '\\', '"\\', '"\\n"', '"\\u000a"', '"\\u0000"', '"\\ud83d\\ude00"', '"\\ud83d"'],
  ['"\ud83d"', '"\n"', '"é😀"', '"\\/"', '[[[[[[[[', ']]]]]]]]', '{"a":{"a":', '}}', '[{"a":1},'],
  ['"2":1,"1":2', '"\u007f\u2028"'],
]
const token = fc.constantFrom(...TOKENS.flat())

describe('strict', () => {
  test('the fast path gives the verdicts of the scanner: tokens', () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (them) => same(them.join(''))),
      {
        numRuns: 20_000,
        seed: 1,
      },
    )
  })

  test('the fast path gives the verdicts of the scanner: JSON, one character changed', () => {
    const change = fc.tuple(fc.nat(), token, fc.nat({ max: 3 }))
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 9, noUnicodeString: false }),
        change,
        (text, [at, put, cut]) => {
          same(text)
          const place = at % (text.length + 1)
          same(text.slice(0, place) + put + text.slice(place + cut))
        },
      ),
      { numRuns: 4_000, seed: 2 },
    )
  })

  test('whatever is accepted is JSON, and whatever JSON.parse refuses is refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        same(text)
        same(JSON.stringify(text))
      }),
      { numRuns: 5_000, seed: 3 },
    )
  })

  test.each([
    ['{"a":[1,-1,0,true,false,null,"x"]}', 'ok'],
    [' { "a" : [ 1 , 2 ] } \r\n', 'ok'],
    ['"\\/\\u0041\\n\\t\\b\\f\\r\\"\\\\"', 'ok'],
    ['"\\u000a"', 'ok'],
    ['"\\ud83d\\ude00"', 'ok'],
    ['"\u007f\u0080\u2028\ufeff"', 'ok'],
    ['{"2":1,"1":2}', 'ok'],
    ['{"a":{"a":1},"b":{"a":1}}', 'ok'],
    ['9007199254740991', 'ok'],
    ['9007199254740992', 'event.integer_range'],
    ['1e21', 'event.not_integer'],
    ['1.5', 'event.not_integer'],
    ['[[[[[[[[]]]]]]]]', 'ok'],
    ['[[[[[[[[[]]]]]]]]]', 'event.too_deep'],
    ['{"a":1,"\\u0061":2}', 'event.duplicate_key'],
    ['"\ud800"', 'event.bad_text'],
    ['"\\ud800"', 'event.bad_text'],
    ['"\\u001f"', 'event.bad_text'],
    ['"\u0007"', 'event.bad_text'],
    ['', 'event.not_json'],
    ['[1]]', 'event.not_json'],
  ] as const)('%j: %s', (text, code) => {
    expect(codeOf(strict(text))).toBe(code)
  })

  test('a key __proto__ changes no prototype', () => {
    for (const text of ['{"__proto__":{"role":"router"}}', '{ "__proto__":{"role":"router"}}']) {
      const parsed = strict(text)
      if (isRefusal(parsed)) throw new Error(parsed.detail)
      expect(Object.getPrototypeOf(parsed.value)).toBe(Object.prototype)
      expect((parsed.value as { role?: string }).role).toBeUndefined()
    }
    expect('role' in {}).toBe(false)
  })

  test('size is counted in UTF-8 bytes, before anything is parsed', () => {
    const limit = { maxDepth: DEPTH, maxBytes: 12 }
    expect(codeOf(parseStrict('"1234567890"', limit))).toBe('ok')
    expect(codeOf(parseStrict('"12345678901"', limit))).toBe('event.too_large')
    expect(codeOf(parseStrict('"€€€"', limit))).toBe('ok')
    expect(codeOf(parseStrict('"€€€€"', limit))).toBe('event.too_large')
    expect(codeOf(parseStrict('[[[[[[[[[[[[[', limit))).toBe('event.too_large')
    expect(codeOf(strict(`"${'a'.repeat(65_534)}"`))).toBe('ok')
    expect(codeOf(strict(`"${'a'.repeat(65_535)}"`))).toBe('event.too_large')
  })

  test('a deep text costs no stack', () => {
    const deep = parseStrict('['.repeat(1_000_000), { maxDepth: DEPTH, maxBytes: 2 ** 21 })
    expect(codeOf(deep)).toBe('event.too_deep')
  })
})

/** Every number in it is one; only for texts that are JSON. */
const isFinite = (text: string): boolean => {
  let finite = true
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value === 'number') finite &&= Number.isFinite(value)
    return value
  })
  return finite
}

describe('sealed', () => {
  test.each([
    ['{"a":1,"a":2}', 'ok'],
    ['[1.5,-0,1e3,"\\u0000\\ud800"]', 'ok'],
    [`${'['.repeat(64)}${']'.repeat(64)}`, 'ok'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, 'event.too_deep'],
    ['['.repeat(1_000_000), 'event.too_deep'],
    ['{"a":'.repeat(1_000_000), 'event.too_deep'],
    ['1e999', 'event.integer_range'],
    [`-${'9'.repeat(400)}`, 'event.integer_range'],
    ['"\n"', 'event.not_json'],
    ['NaN', 'event.not_json'],
    ['', 'event.not_json'],
  ] as const)('%#: %s', (text, code) => {
    const verdict = codeOf(parseSealed(text))
    expect(verdict).toBe(code as RefusalCode)
  })

  test('takes what JSON.parse takes, where numbers are finite and depth is small', () => {
    const check = (text: string): void => {
      let value: unknown
      try {
        value = JSON.parse(text)
      } catch {
        expect(isRefusal(parseSealed(text))).toBe(true)
        return
      }
      if (!isFinite(text)) return
      const parsed = parseSealed(text)
      expect(isRefusal(parsed) ? parsed : parsed.value).toEqual(value)
    }
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (them) => check(them.join(''))),
      {
        numRuns: 20_000,
        seed: 4,
      },
    )
    fc.assert(fc.property(fc.json({ maxDepth: 9 }), check), { numRuns: 2_000, seed: 5 })
  })

  test('may be bounded in bytes', () => {
    expect(codeOf(parseSealed('"abc"', { maxBytes: 5 }))).toBe('ok')
    expect(codeOf(parseSealed('"abcd"', { maxBytes: 5 }))).toBe('event.too_large')
  })
})

test('bytes become text when they are few enough and UTF-8', () => {
  expect(decodeText(Buffer.from('é😀'), 6)).toEqual({ text: 'é😀' })
  expect(decodeText(Buffer.from('é😀'), 5)).toMatchObject({ refused: 'event.too_large' })
  expect(decodeText(Uint8Array.of(0xff), 5)).toMatchObject({ refused: 'event.not_utf8' })
})
