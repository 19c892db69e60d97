// Writes completions/ from the command tree, by what `fedai completions` prints. Checked in, so that
// packages can have them; test/cli compares.
//   bun scripts/build-completions.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { version } from '../package.json'
import { SHELLS } from '../src/commands/completions/index.ts'
import { SCRIPT_FILES, completionOf } from '../src/commands/completions/scripts.ts'
import { program } from '../src/commands/index.ts'

/** Every file of completions/ and what is in it. */
export const completions = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    SHELLS.map((shell) => [SCRIPT_FILES[shell], completionOf(shell, program(version))]),
  )

if (import.meta.main) {
  const folder = join(dirname(import.meta.dir), 'completions')
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(completions())) writeFileSync(join(folder, name), text)
}
