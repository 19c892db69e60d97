// What daemons log, held to the pages that list it: both name the same events.
import { expect, test } from 'bun:test'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dir)
const read = (name: string): Promise<string> => Bun.file(join(root, name)).text()

/** `log.warn('…'`, the helper `log(turn, '…'`, and effects of minds. */
const SAID = [
  /\blog\??\.(?:info|warn|error)\(\s*'([a-z_.]+)'/g,
  /\blog\(turn, '([a-z_.]+)'/g,
  /\bdo: 'log',[^}]*?\bevent: '([a-z_.]+)'/g,
]
/** Where an effect is given its name by a variable, the names stand elsewhere in the file. */
const NAMED = /'((?:node|router|runner)\.[a-z_]+)'/g

const eventsIn = (code: string): string[] => {
  const patterns = /\bdo: 'log',[^}]*?\bevent(?:,|: name)/.test(code) ? [...SAID, NAMED] : SAID
  return patterns.flatMap((it) => [...code.matchAll(it)].map(([, event]) => event!))
}

/** Commands say things of their own to a terminal (`src/commands/pay`); their names are no page's. */
const isOfDaemons = (name: string): boolean =>
  !/\.(test|case|fixtures|conformance)\.ts$/.test(name) && !name.startsWith('src/commands/pay/')

/** The events in the first column of the table that follows a text. */
const listed = (page: string, after: string): string[] => {
  const rest = page.slice(page.indexOf(after) + after.length)
  const [table] = /(?:^\|.*\n)+/m.exec(rest.slice(rest.indexOf('\n| event |')))!
  return table.split('\n').flatMap((row) => {
    const [, cell = ''] = row.split('|')
    return [...cell.matchAll(/`([a-z_.]+)`/g)].map(([, event]) => event!)
  })
}

test('every event that a daemon logs is in the tables, and every one in the tables is logged', async () => {
  const files = [...new Bun.Glob('src/**/*.ts').scanSync(root)].filter(isOfDaemons)
  const codes = await Promise.all(files.map(read))
  const logged = new Set(codes.flatMap(eventsIn))
  expect(logged.size).toBeGreaterThan(30)
  const tables = [
    ...listed(await read('docs/operations.md'), '## The log'),
    ...listed(await read('docs/runners.md'), '### What is kept of what it prints'),
  ]
  expect(tables.toSorted()).toEqual([...logged].toSorted())
})
