import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { safeJson, safeText } from './safe.ts'

const ESC = '\u001b'
const RTL = '\u202e'

describe('a stranger’s text', () => {
  test.each([
    ['coffee, 2 cups', 'coffee, 2 cups'],
    ['Zoë’s Café ☕ 寿司', 'Zoë’s Café ☕ 寿司'],
    ['a\n\nto  mira\t\u2028\u00a0x', 'a to mira x'],
    [`${ESC}[2J${ESC}]0;owned\u0007pays 1 sat`, '\ufffdpays 1 sat'],
    [`${ESC}]8;;http://evil\u0007click${ESC}]8;;\u0007`, '\ufffdclick\ufffd'],
    ['\u009b31mred', '\ufffdred'],
    [`a${ESC}b`, 'a\ufffdb'],
    [`gnp.${RTL}exe`, 'gnp.\ufffdexe'],
    ['\u2066a\u2069\u200bb\u00adc\u2060', '\ufffda\ufffdb\ufffdc\ufffd'],
    [`paid\u{e0061}\u{e007f}`, 'paid\ufffd'],
    ['x\ud800y', 'x\ufffdy'],
    [`e${'\u0301'.repeat(50)}!`, 'e\u0301\u0301!'],
    ['\rpays 0 sat', 'pays 0 sat'],
    ['', ''],
  ])('%j is shown as %j', (given, shown) => expect(safeText(given)).toBe(shown))

  test('fits a line, however wide its letters are', () => {
    expect(safeText('x'.repeat(61))).toBe(`${'x'.repeat(59)}…`)
    expect(safeText('寿'.repeat(40))).toBe(`${'寿'.repeat(29)}…`)
    expect(safeText('x'.repeat(1_000_000), 10)).toBe(`${'x'.repeat(9)}…`)
  })

  test('whatever it is, one line comes of it that steers nothing', () => {
    const nasty = fc.constantFrom(
      ESC,
      '\u009b',
      `${ESC}[31m`,
      RTL,
      '\r',
      '\n',
      '\u0301',
      '\ud83d',
      '👩‍👩‍👧',
    )
    const text = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { maxLength: 40 })
    fc.assert(
      fc.property(text, (parts) => {
        const shown = safeText(parts.join(''))
        expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        expect(Bun.stringWidth(shown)).toBeLessThanOrEqual(60)
      }),
      { numRuns: 500 },
    )
  })
})

describe('JSON', () => {
  test('says what it said, with nothing in it that a terminal obeys', () => {
    const memo = `${ESC}[31m\u009b2J${RTL}\u{e0061}\u2028\u007fZoë ☕ 👍`
    const line = safeJson({ memo, n: '1' })
    expect(JSON.parse(line)).toEqual({ memo, n: '1' })
    expect(line).toContain('Zoë ☕')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (it) => {
        const json = safeJson({ it })
        expect(json).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\u007f-\u009f]/u)
        expect(JSON.parse(json)).toEqual({
          it: it.isWellFormed() ? it : JSON.parse(JSON.stringify(it)),
        })
      }),
      { numRuns: 500 },
    )
  })
})
