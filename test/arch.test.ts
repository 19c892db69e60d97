// The house as house.md draws it: which room may import which, and what may be said only in one place.
import { describe, expect, test } from 'bun:test'
import { dirname, join, normalize } from 'node:path'
import { AUTH_KIND, KINDS, WALLET_EVENT_KINDS } from '../src/engine/protocol/kinds.ts'

const root = dirname(import.meta.dir)

/** What each room may import besides itself and npm packages. The rooms stand in the order of their layers. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  // language
  protocol: ['base'],
  identity: ['protocol', 'base'],
  tasks: ['protocol', 'base'],
  // judgement: never the means
  metering: ['tasks', 'identity', 'protocol', 'base'],
  trust: ['metering', 'protocol', 'base'],
  routing: ['trust', 'metering', 'tasks', 'protocol', 'base'],
  spending: ['metering', 'protocol', 'base'],
  // means: they implement seams, so they may name the types of judgement
  storage: ['spending', 'metering', 'trust', 'protocol', 'base'],
  transport: ['identity', 'protocol', 'base'],
  runners: ['transport', 'tasks', 'protocol', 'base'],
  payments: ['storage', 'transport', 'identity', 'spending', 'metering', 'protocol', 'base'],
  observe: ['base'],
}
const BELOW_ROLES = Object.keys(MAY_IMPORT)
const JUDGEMENT = ['metering', 'trust', 'routing', 'spending']
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  ...MAY_IMPORT,
  roles: BELOW_ROLES,
  commands: ['roles', ...BELOW_ROLES],
  bin: ['commands'],
}

type Import = { from: string; to: string; typeOnly: boolean; dynamic: boolean }

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

const IMPORT =
  /(?:^|\n)(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]*?from\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g

/** All imports of a file; those of our own files as paths from the root. */
const importsOf = (file: string, text: string): Import[] =>
  [...withoutComments(text).matchAll(IMPORT)].map(([whole, type, fixed, dynamic]) => {
    const to = fixed ?? dynamic!
    const names = /\{([^}]*)\}/
      .exec(whole)?.[1]
      ?.split(',')
      .map((it) => it.trim())
      .filter(Boolean)
    const inlineTypes = names?.length ? names.every((it) => it.startsWith('type ')) : false
    return {
      from: file,
      to: to.startsWith('.') ? normalize(join(dirname(file), to)) : to,
      typeOnly: Boolean(type) || inlineTypes,
      dynamic: dynamic !== undefined,
    }
  })

const roomOf = (file: string): string | undefined =>
  /^src\/engine\/([^/]+)\//.exec(file)?.[1] ?? /^(?:src\/)?(commands|bin)\//.exec(file)?.[1]

const roleOf = (file: string): string | undefined =>
  /^src\/engine\/roles\/([^/]+)\//.exec(file)?.[1]

/** Edges that the drawing of the house does not have. */
const wrongEdges = (imports: readonly Import[]): string[] =>
  imports
    .filter(({ from, to }) => {
      const [here, there] = [roomOf(from), roomOf(to)]
      return here && there && here !== there && !ROOMS[here]?.includes(there)
    })
    .map(({ from, to }) => `${from} → ${to}`)

/** One cycle of static value imports between files, or undefined. */
const cycleIn = (imports: readonly Import[]): string | undefined => {
  const next = Map.groupBy(
    imports.filter((it) => !it.typeOnly && !it.dynamic),
    (it) => it.from,
  )
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' → ')
    if (done.has(file)) return undefined
    for (const { to } of next.get(file) ?? []) {
      const found = walk(to, [...path, file])
      if (found) return found
    }
    done.add(file)
    return undefined
  }
  for (const file of next.keys()) {
    const found = walk(file, [])
    if (found) return found
  }
  return undefined
}

/** Everything a file loads before it runs. */
const staticClosure = (start: string, imports: readonly Import[]): Set<string> => {
  const seen = new Set([start])
  for (const file of seen)
    for (const it of imports) if (it.from === file && !it.typeOnly && !it.dynamic) seen.add(it.to)
  return seen
}

/** Everything that files load at their start or may load later. */
const wholeClosure = (starts: readonly string[], imports: readonly Import[]): Set<string> => {
  const next = Map.groupBy(
    imports.filter((it) => !it.typeOnly),
    (it) => it.from,
  )
  const seen = new Set(starts)
  for (const file of seen) for (const { to } of next.get(file) ?? []) seen.add(to)
  return seen
}

/** Files that can pay: the seam itself, what opens one, and the adapters' own. */
const payersIn = (loaded: Iterable<string>): string[] =>
  [...loaded].filter((file) => /^src\/engine\/payments\/(.+\/)?(open-)?payer[\w-]*\.ts$/.test(file))

const files = new Map<string, string>()
for (const pattern of ['bin/**/*.ts', 'src/**/*.{ts,tsx}', 'scripts/**/*.ts', 'bench/**/*.ts'])
  for (const file of new Bun.Glob(pattern).scanSync(root))
    files.set(file, await Bun.file(join(root, file)).text())

const isTest = (file: string) => /\.(test|conformance|case|cases)\.tsx?$/.test(file)
const ours = [...files].filter(([file]) => !isTest(file))
const inHouse = ours.filter(([file]) => /^(src|bin)\//.test(file))
const imports = inHouse.flatMap(([file, text]) => importsOf(file, text))

/** Files in which something is written that may not be, comments aside. */
const saying = (pattern: RegExp, among: readonly (readonly [string, string])[]): string[] =>
  among.flatMap(([file, text]) => {
    const found = withoutComments(text).match(pattern)
    return found ? [`${file}: ${found[0].trim()}`] : []
  })

describe('the house', () => {
  test('has these rooms and no others', () => {
    const rooms = new Set(inHouse.map(([file]) => roomOf(file) ?? file))
    expect([...rooms].filter((room) => !(room in ROOMS))).toEqual([])
  })

  test('imports point one way', () => expect(wrongEdges(imports)).toEqual([]))

  test('no file waits for itself', () => expect(cycleIn(imports)).toBeUndefined())

  test('roles do not know each other', () => {
    const wrong = imports.filter(
      ({ from, to }) => roleOf(from) && roleOf(to) && roleOf(from) !== roleOf(to),
    )
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  test('a router never reaches what pays', () => {
    const role = inHouse.map(([file]) => file).filter((file) => roleOf(file) === 'router')
    const start = 'src/commands/serve/run-router.ts'
    const loaded = wholeClosure([start, ...role], imports)
    expect(role.length).toBeGreaterThan(5)
    expect(loaded).toContain('src/engine/storage/sqlite.ts')
    expect(payersIn(loaded)).toEqual([])
    // An import whose name is made at run time could reach anything, unseen by this test.
    const unseen = /\bimport\((?!\s*['"][^'"]*['"]\s*\))|\brequire\(|createRequire/
    expect(
      saying(
        unseen,
        inHouse.filter(([file]) => loaded.has(file)),
      ),
    ).toEqual([])
  })

  test('what a start loads is commander and the declarations of commands', () => {
    const loaded = [...staticClosure('src/commands/index.ts', imports)]
    expect(loaded.length).toBeGreaterThan(5)
    expect(
      loaded.filter(
        (it) => !it.startsWith('src/commands/') && it !== '@commander-js/extra-typings',
      ),
    ).toEqual([])
    expect([...staticClosure('bin/fedai.ts', imports)]).toEqual(['bin/fedai.ts'])
  })

  test('a handler has 25 lines at most', () => {
    const long = inHouse.flatMap(([file, text]) =>
      [...text.matchAll(/\.action\(([\s\S]*?)\n {4}\}\)/g)]
        .filter(([, body]) => body!.split('\n').length > 25)
        .map(() => file),
    )
    expect(long).toEqual([])
  })

  test('a file has 250 lines at most', () => {
    const long = ours.filter(([, text]) => text.trimEnd().split('\n').length > 250)
    expect(long.map(([file, text]) => `${file}: ${text.split('\n').length}`)).toEqual([])
  })

  test('nobody but bin/ ends the process', () => {
    const src = inHouse.filter(([file]) => file.startsWith('src/'))
    expect(saying(/process\.(exit\(|exitCode|abort\()/, src)).toEqual([])
  })

  test('kinds are numbers only in protocol/kinds.ts', () => {
    const all = [...Object.values(KINDS), ...Object.values(WALLET_EVENT_KINDS), AUTH_KIND]
    const numbers = [...new Set(all)].join('|')
    const others = inHouse.filter(([file]) => file !== 'src/engine/protocol/kinds.ts')
    expect(saying(new RegExp(`(?<![\\w.])(${numbers})(?![\\w.])`), others)).toEqual([])
  })

  test('only transport/ opens connections', () => {
    const others = inHouse.filter(([file]) => roomOf(file) !== 'transport')
    const opening =
      /(?<![.\w])fetch\(|new WebSocket\(|Bun\.(serve|connect|listen|udpSocket)\(|from '(ky|ws|node:(net|http|https|http2|tls|dgram))'/
    expect(saying(opening, others)).toEqual([])
  })

  test('what decides has no clock, no chance and no world', () => {
    const deciders = ours.filter(([file]) =>
      /^src\/engine\/roles\/\w+\/decide[\w-]*\.ts$/.test(file),
    )
    const minds = new Set(
      deciders.flatMap(([file]) =>
        [...staticClosure(file, imports)].filter((it) => it.startsWith('src/engine/roles/')),
      ),
    )
    const pure = ours.filter(([file]) => JUDGEMENT.includes(roomOf(file) ?? '') || minds.has(file))
    expect(pure.length).toBeGreaterThan(0)
    const world =
      /Date\.now\(|new Date\(\)|Math\.random\(|set(Timeout|Interval|Immediate)\(|performance\.|process\.|getRandomValues|randomBytes|randomUUID|Bun\.file|from 'node:(?!crypto)|systemClock|systemRandom/
    expect(saying(world, pure)).toEqual([])
  })
})

/** Two files of which each imports the other, the first one in these words. */
const both = (words: string): Import[] => [
  ...importsOf('src/a.ts', `${words} from './b.ts'`),
  ...importsOf('src/b.ts', "import { c } from './a.ts'"),
]

describe('and the test of it sees', () => {
  test.each([
    ['src/engine/routing/a.ts', "import type { Runner } from '../runners/runner.ts'"],
    ['src/engine/base/a.ts', "export { x } from '../protocol/ids.ts'"],
    ['src/engine/protocol/a.ts', "const x = await import('../identity/keys.ts')"],
    ['src/engine/storage/a.ts', "import {\n  a,\n  b,\n} from '../../commands/read.ts'"],
  ])('a wrong import in %s', (file, text) => {
    expect(wrongEdges(importsOf(file, text))).toHaveLength(1)
  })

  test.each([
    "import { openLndPayer } from '../../payments/lnd/payer.ts'",
    "const { openPayer } = await import('../../payments/open-payer.ts')",
    "export { PAY_FAILURES } from '../../payments/payer.ts'",
  ])('a payer that a router reaches through another file: %s', (words) => {
    const start = 'src/engine/roles/router/a.ts'
    const chain = [
      ...importsOf(start, "const b = await import('./b.ts')"),
      ...importsOf('src/engine/roles/router/b.ts', words),
    ]
    expect(payersIn(wholeClosure([start], chain))).toHaveLength(1)
    const types = importsOf(start, "import type { Payer } from '../../payments/payer.ts'")
    expect(payersIn(wholeClosure([start], types))).toEqual([])
  })

  test('a cycle, but not one of types', () => {
    expect(cycleIn(both('import { b }'))).toBe('src/a.ts → src/b.ts → src/a.ts')
    expect(cycleIn(both('import type { b }'))).toBeUndefined()
    expect(cycleIn(both('import { type b }'))).toBeUndefined()
  })

  test('no import in a comment', () => {
    expect(importsOf('src/a.ts', "// import x from './b.ts'\n/*\nimport './c.ts'\n*/")).toEqual([])
  })
})
