// Writes man/ from the command tree and the table of settings: a page for each command, and
// fedai.toml(5). Checked in, so that packages can have them; test/cli compares.
//   bun scripts/build-man.ts
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { version } from '../package.json'
import { verbsOf } from '../src/commands/completions/tree.ts'
import { program } from '../src/commands/index.ts'
import { commandPage, pageName } from './man/command.ts'
import { configPage } from './man/config.ts'

/** Every file of man/ and what is in it. */
export const manPages = (): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    verbsOf(program(version)).map((verb) => [
      `${pageName(verb.path)}.1`,
      commandPage(verb, version),
    ]),
  ),
  'fedai.toml.5': configPage(version),
})

if (import.meta.main) {
  const folder = join(dirname(import.meta.dir), 'man')
  mkdirSync(folder, { recursive: true })
  // A command that is gone takes its page with it.
  for (const name of readdirSync(folder)) rmSync(join(folder, name))
  for (const [name, text] of Object.entries(manPages())) writeFileSync(join(folder, name), text)
}
