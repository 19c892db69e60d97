import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { CONFIG_BYTES, readToml } from './toml.ts'

const places = (text: string) =>
  [...readToml(text, 'f').entries].map(([key, { line, column }]) => `${key} ${line}:${column}`)

describe('a fedai.toml', () => {
  test('says where each key stands, whatever stands around it', () => {
    const text = [
      '\ufeff# [a] x = 1',
      'top = 1 # = 2',
      '',
      '[ a ]',
      '  x = """',
      'y = 2',
      '[b]\\""""',
      "  'q' = '''",
      "z = 3''''",
      'list = [ # ]',
      '  \'one]\', "two]\\"",',
      '  [ 3 ],',
      ']',
      'in = { line = 1, s = "}" }',
      '[a."b"]',
      'c.d = 1',
      '[empty]',
      '[[many]]',
      'k = 1',
    ].join('\r\n')
    expect(places(text)).toEqual([
      'top 2:1',
      'a.x 5:3',
      'a.q 8:3',
      'a.list 10:1',
      'a.in.line 14:1',
      'a.in.s 14:1',
      'a.b.c.d 16:1',
      'empty 17:1',
      'many 18:1',
    ])
  })

  // Shown by %#, since one of them is a thousand brackets.
  test.each([
    ['a = ', /^f:1:\d+: this is not TOML/],
    ['a = 1\nb = = 2', /^f:2:5: this is not TOML/],
    ['a = 1\na = 2', /^f:2:1: .*redefine/],
    ['[__proto__]\nx = 1', /unsafe/],
    ['constructor.prototype.x = 1', /unsafe/],
    ['a = { __proto__ = 1 }', /unsafe/],
    [`a = ${'['.repeat(1000)}${']'.repeat(1000)}`, /not TOML/],
    ['a = "\u0000"', /not TOML/],
    ['a = 99999999999999999999', /not TOML/],
  ])('refuses what is no TOML, or none of ours: %#', (text, message) => {
    expect(() => readToml(text, 'f')).toThrow(
      expect.objectContaining({ kind: 'config', message: expect.stringMatching(message) }),
    )
    expect({}).not.toHaveProperty('x')
  })

  test('has an end', () => {
    expect(readToml(`#${'x'.repeat(CONFIG_BYTES - 1)}`, 'f').entries.size).toBe(0)
    expect(() => readToml(`#${'x'.repeat(CONFIG_BYTES)}`, 'f')).toThrow(/larger than 256 KiB/)
  })

  test('each key that a writer of TOML wrote is found where it is', () => {
    const name = fc.stringMatching(/^[a-z_-]{1,6}$/).filter((it) => it !== '__proto__')
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.string(), { maxLength: 3 }),
    )
    const table = fc.dictionary(name, fc.oneof(leaf, fc.dictionary(name, leaf, { minKeys: 1 })))
    fc.assert(
      fc.property(table, (value) => {
        const text = stringify(value)
        const lines = text.split('\n')
        for (const [key, { line, column }] of readToml(text, 'f').entries)
          expect(lines[line - 1]!.slice(column - 1)).toMatch(
            new RegExp(`^${key.split('.').at(-1)} =`),
          )
      }),
    )
  })

  test('no text holds the reader up', () => {
    const bit = fc.constantFrom('"""', "'''", '"', "'", '[', ']', '{', '}', '\n', '\\', '#', 'a=1')
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 60 }), (bits) => {
        try {
          readToml(bits.join(''), 'f')
        } catch (error) {
          expect(error).toMatchObject({ kind: 'config' })
        }
      }),
      { numRuns: 500 },
    )
    const started = performance.now()
    const long = `a = [${'"x",\n'.repeat(40_000)}]\nb = 1`
    expect(places(long)).toEqual(['a 1:1', 'b 40002:1'])
    const many = Array.from({ length: 22_000 }, (_, i) => `k${i}=1`).join('\n')
    expect(places(many)).toHaveLength(22_000)
    const deep = readToml(`${'a.'.repeat(100_000)}b = 1`, 'f').entries
    expect([...deep.keys()]).toEqual([Array(8).fill('a').join('.')])
    expect(places(`${'\n'.repeat(250_000)}a = "${'\\n'.repeat(1_000)}"`)).toEqual(['a 250001:1'])
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
