// Writes the table of settings into docs/config.md, from the schema; test/docs.test.ts compares.
//   bun scripts/build-config-table.ts
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { KEYS, type Key, settingOf } from '../src/engine/base/config/schema.ts'

const HEAD = '| key | what it is for | default | flag |\n|---|---|---|---|'

/** The table of all keys, as Markdown. */
export const configTable = (): string => [HEAD, ...KEYS.map(row)].join('\n')

const row = (key: Key): string => {
  const { doc, usual, flag, reload, value } = settingOf(key)
  const what = `${doc} ${upper(value.expected)}.${reload ? ' Taken over on HUP.' : ''}`
  const cells = [
    `\`${key}\``,
    what.replaceAll('|', '\\|'),
    usual === undefined ? '–' : `\`${JSON.stringify(usual)}\``,
    flag === undefined ? '–' : `\`${flag}\``,
  ]
  return `| ${cells.join(' | ')} |`
}

const upper = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

if (import.meta.main) {
  const page = join(dirname(import.meta.dir), 'docs', 'config.md')
  const text = readFileSync(page, 'utf8')
  const from = text.indexOf(HEAD)
  const end = text.indexOf('\n\n', from)
  if (from < 0 || end < 0) throw new Error('docs/config.md has no table of settings')
  writeFileSync(page, text.slice(0, from) + configTable() + text.slice(end))
}
