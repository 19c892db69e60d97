// The pages for people, held to the code: what they name exists, and what they list is complete.
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { BOUNDS } from '../src/engine/base/bounds.ts'
import { configTable } from '../scripts/build-config-table.ts'
import { UNITS } from '../src/engine/protocol/fields.ts'
import { FRAME_TYPES, RESETS } from '../src/engine/protocol/frames.ts'
import { AUTH_KIND, KINDS, type KindName, kindClass } from '../src/engine/protocol/kinds.ts'
import { PUBLIC_KINDS, SCHEMAS } from '../src/engine/protocol/messages.ts'
import { REFUSAL_CODES } from '../src/engine/protocol/refusal.ts'
import { TASK_NAMES } from '../src/engine/tasks/task.ts'

const root = dirname(import.meta.dir)
const pageNames = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'test/vectors/README.md',
  ...new Bun.Glob('docs/**/*.md').scanSync(root),
].filter((name) => existsSync(join(root, name)))
const pages = new Map<string, string>()
for (const name of pageNames) pages.set(name, await Bun.file(join(root, name)).text())

const protocol = pages.get('docs/protocol.md') ?? ''
const architecture = pages.get('docs/ARCHITECTURE.md') ?? ''
const threats = pages.get('docs/threat-model.md') ?? ''

/** What stands between backticks on a line, blocks of code left out. */
const quoted = (text: string): string[] =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map((it) => it[1]!)

/** Paths from the root; a pattern or a command with arguments is none. */
const isPath = (text: string): boolean =>
  /^(src|test|bin|docs|bench|scripts|completions|man|\.ci)\/[\w./-]*$/.test(text)

/** The anchors of a page, as GitHub makes them. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/ /g, '-'),
    ),
  )

/** A section of the protocol, by its heading, up to the next heading of its level or above. */
const section = (heading: string): string => {
  const level = heading.split(' ')[0]!.length
  const from = protocol.indexOf(`\n${heading}`)
  const rest = from < 0 ? '' : protocol.slice(from + heading.length + 1)
  const end = rest.search(new RegExp(`\\n#{1,${level}} `))
  return end < 0 ? rest : rest.slice(0, end)
}

/** The cells of a table's rows that begin with a match of `first`. */
const rows = (text: string, first: RegExp): string[][] =>
  text
    .split('\n')
    .filter((line) => first.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

describe.each([...pages])('%s', (name, text) => {
  test('names only files that exist', () => {
    const missing = quoted(text)
      .filter(isPath)
      .filter((path) => !existsSync(join(root, path)))
    expect(missing).toEqual([])
  })

  test('links to what is there', () => {
    const dead = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((it) => it[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? name : join(dirname(name), path)
        if (!existsSync(join(root, file))) return true
        return anchor !== undefined && !anchorsOf(pages.get(file) ?? '').has(anchor)
      })
    expect(dead).toEqual([])
  })
})

test('the vectors that are explained are those that are there', () => {
  const folder = join(root, 'test/vectors')
  const there = [...new Bun.Glob('**/*.{json,jsonl,csv}').scanSync(folder)]
  const explained = rows(pages.get('test/vectors/README.md') ?? '', /^\| `/).map((it) =>
    it[0]!.replaceAll('`', ''),
  )
  expect(explained.toSorted()).toEqual(there.toSorted())
})

describe('the protocol', () => {
  test('lists the kinds of protocol/kinds.ts, with their classes and who is addressed', () => {
    const table = rows(section('## 2. Messages'), /^\| \d{4,5} \|/)
    const kinds = table.map(([kind, name, nature, , to]) => [
      Number(kind),
      name,
      nature,
      to !== '–',
    ])
    const expected = Object.entries(KINDS).map(([name, kind]) => [
      kind,
      name,
      kindClass(kind),
      !PUBLIC_KINDS.has(name as KindName),
    ])
    const order = (a: unknown[], b: unknown[]) => Number(a[0]) - Number(b[0])
    expect(kinds.toSorted(order)).toEqual(expected.toSorted(order))
  })

  test('names no other kind of ours', () => {
    const ours = new Set<number>([...Object.values(KINDS), AUTH_KIND])
    const named = [...protocol.matchAll(/\b(?:364\d\d|464\d|264\d\d|22\d{3})\b/g)].map(Number)
    expect(named.filter((kind) => !ours.has(kind))).toEqual([])
  })

  test.each(Object.keys(SCHEMAS) as KindName[])('says every field of %s', (kind) => {
    const words = new Set(quoted(section(`### ${kind}\n`)).flatMap((it) => it.split(/[^\w]+/)))
    const known = new Set([...words, ...inherited(kind)])
    expect(wordsOf(SCHEMAS[kind]).filter((word) => !known.has(word))).toEqual([])
  })

  test('documents every refusal code, in the order of the rules', () => {
    const codes = quoted(section('## 1. The envelope')).filter((it) => it.startsWith('event.'))
    expect([...new Set(codes)]).toEqual([...REFUSAL_CODES])
  })

  test('has the limits of base/bounds.ts', () => {
    const table = rows(section('## 7. Limits'), /^\| `/).map(([name, value]) => [
      name!.replaceAll('`', ''),
      Number(/^[\d,]+/.exec(value!)?.[0].replaceAll(',', '')),
    ])
    expect(table).toEqual(Object.entries(BOUNDS))
  })

  test('has every unit, task, frame type and reset', () => {
    const words = new Set(quoted(protocol))
    expect([...UNITS, ...TASK_NAMES, ...RESETS].filter((it) => !words.has(it))).toEqual([])
    const frames = rows(section('### Frames'), /^\| \d/).map(([type, name]) => [
      name!.replace(/ (.)/g, (_, letter: string) => letter.toUpperCase()),
      Number(type),
    ])
    expect(frames).toEqual(Object.entries(FRAME_TYPES))
  })
})

test('the table of settings is that of the schema (npm run generate writes it)', () => {
  expect(pages.get('docs/config.md') ?? '').toContain(`\n${configTable()}\n`)
})

test('the life of a job names functions that are where it says', () => {
  const places = [
    ...architecture.matchAll(/((?:`[\w.()]+`(?:, | and )?)+) in `(src\/[\w./-]+\.ts)`/g),
  ]
  expect(places.length).toBeGreaterThan(20)
  const gone = places.flatMap(([, names, path]) => {
    const file = files.get(path!) ?? ''
    return quoted(names!)
      .map((name) => name.split('.').at(-1)!.replace('()', ''))
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(file))
      .map((name) => `${name} in ${path}`)
  })
  expect(gone).toEqual([])
})

describe('the threat model', () => {
  const named = [...threats.matchAll(/`([\w./-]+): ([^`]+)`/g)].map(([, file, title]) => ({
    file: ['test/network', 'test', 'src/engine']
      .flatMap((folder) => [`${folder}/${file}.test.ts`, `${folder}/${file}.conformance.ts`])
      .find((path) => existsSync(join(root, path))),
    what: `${file}: ${title}`,
    title: title!,
  }))

  test('names tests that are there', async () => {
    expect(named.length).toBeGreaterThan(50)
    const gone: string[] = []
    for (const { file, what, title } of named) {
      const text = file === undefined ? '' : await Bun.file(join(root, file)).text()
      const titles = text.split('\n').filter((line) => /\b(?:describe|test)\b|^ *['"`]/.test(line))
      if (!titles.some((line) => line.includes(title))) gone.push(what)
    }
    expect(gone).toEqual([])
  })

  test('has a test for each row, or says that there is none', () => {
    const tables = threats.split(/\n\n/).filter((it) => /^\|.*\| test \|\n/.test(it))
    expect(tables.length).toBeGreaterThan(5)
    const bare = tables
      .flatMap((table) => table.split('\n').slice(2))
      .filter((row) => row !== '' && !/(?:`[\w./-]+: [^`]+`|not tested)[^|]*\|$/.test(row))
    expect(bare).toEqual([])
  })

  test('has each of the 27 attacks on money', () => {
    const table = threats.slice(threats.indexOf('## The attacks on money'))
    const numbers = rows(table, /^\| \d+ \|/).map(([number]) => Number(number))
    expect(numbers).toEqual(Array.from({ length: 27 }, (_, i) => i + 1))
  })
})

const files = new Map<string, string>()
for (const file of new Bun.Glob('src/**/*.ts').scanSync(root))
  files.set(file, await Bun.file(join(root, file)).text())

/** Kinds whose section says "all fields of" or "as in" another one, or names its timings. */
const inherited = (kind: KindName): string[] => {
  const from: Partial<Record<KindName, KindName[]>> = {
    rewrap: ['job', 'ask', 'sheet'],
    job: ['ask', 'sheet'],
    ticket: ['sheet'],
    progress: ['sheet'],
    offers: ['sheet'],
    draw: ['sheet'],
  }
  return (from[kind] ?? []).flatMap((it) =>
    quoted(section(`### ${it}\n`)).flatMap((word) => word.split(/[^\w]+/)),
  )
}

/** Every name of a field and every literal in a schema, units left out: they have a list of their own. */
const wordsOf = (schema: z.ZodType): string[] => {
  const words = new Set<string>()
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk)
    if (typeof value !== 'object' || value === null) return
    const { properties, enum: literals, const: literal, propertyNames, ...rest } = value as Shape
    void propertyNames
    for (const name of Object.keys(properties ?? {})) words.add(name)
    for (const it of [...(literals ?? []), literal]) if (typeof it === 'string') words.add(it)
    for (const it of [...Object.values(properties ?? {}), ...Object.values(rest)]) walk(it)
  }
  walk(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  const units: readonly string[] = UNITS
  const carried = ['id', 'pubkey', 'kind', 'sig']
  return [...words].filter((word) => !units.includes(word) && !carried.includes(word))
}

type Shape = {
  properties?: Record<string, unknown>
  enum?: unknown[]
  const?: unknown
  propertyNames?: unknown
}
