import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { elementsOf, eventIn } from './wire.ts'

test('any array comes apart into the texts of its elements, however it is spaced', () => {
  fc.assert(
    fc.property(
      fc.array(fc.json(), { minLength: 1, maxLength: 9 }),
      fc.constantFrom('', ' ', '\n\t '),
      (elements, blank) => {
        const text = `${blank}[${blank}${elements.join(`${blank},${blank}`)}${blank}]${blank}`
        expect(elementsOf(text, 9)).toEqual(elements)
      },
    ),
  )
})

test('whatever comes, it never throws, and what is JSON is taken apart as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'[]{}",\\: a1') }), (inner) => {
      const elements = elementsOf(`[${inner}]`, 100)
      let parsed: unknown[]
      try {
        parsed = JSON.parse(`[${inner}]`)
      } catch {
        return
      }
      if (parsed.length > 0) expect(elements?.map((it) => JSON.parse(it))).toEqual(parsed)
    }),
    { numRuns: 2_000 },
  )
})

describe('no arrays', () => {
  const texts = ['', '[', ']', '[]', '{}', '"a"', '["a', '["a\\"]', '[{]', '[[]', '[]]', '[1,2,3]']
  for (const text of texts) test(text, () => expect(elementsOf(text, 2)).toBeUndefined())
})

test('an event is found by its prefix and comes out as it stood there', () => {
  expect(eventIn('["EVENT",{"a" : 1.0}]', '["EVENT",')).toBe('{"a" : 1.0}')
  expect(eventIn('["EVENT", {"a":1}]', '["EVENT",')).toBeUndefined()
  expect(eventIn('["EVENT",{"a":1}] ', '["EVENT",')).toBeUndefined()
})
