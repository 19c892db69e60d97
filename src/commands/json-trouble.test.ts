import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { jsonTrouble } from './json-trouble.ts'

describe('where a text stops being JSON', () => {
  test.each([
    ['', 1, 1, 'the text ends where a value should be'],
    ['{"a": 1,}', 1, 9, 'found "}" where a key in quotes should be'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, 'found "\\"" where a comma or } should be'],
    ['[1, 2', 1, 6, 'the text ends where a comma or ] should be'],
    ["{'a': 1}", 1, 2, 'found "\'" where a key in quotes or } should be'],
    ['{"a" 1}', 1, 6, 'found "1" where a colon should be'],
    ['[01]', 1, 3, 'found "1" where a comma or ] should be'],
    ['"unclosed', 1, 1, 'found "\\"" where a value should be'],
    ['{} x', 1, 4, 'found "x" where nothing more should be'],
    ['{"a": undefined}', 1, 7, 'found "u" where a value should be'],
  ])('%j', (text, line, column, what) => {
    expect(() => JSON.parse(text)).toThrow()
    expect(jsonTrouble(text)).toEqual({ line, column, what })
  })

  test('any JSON with one character put in is either JSON still, or trouble inside the text', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom(...'{}[],:"x1 \n'), (json, seed, extra) => {
        const at = seed % (json.length + 1)
        const text = json.slice(0, at) + extra + json.slice(at)
        try {
          JSON.parse(text)
        } catch {
          const { line, column } = jsonTrouble(text)
          const lines = text.split('\n')
          expect(line).toBeLessThanOrEqual(lines.length)
          expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1)
        }
      }),
    )
  })
})
