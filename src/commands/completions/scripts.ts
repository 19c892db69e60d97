import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { bash } from './bash.ts'
import { fish } from './fish.ts'
import type { SHELLS } from './index.ts'
import { powershell } from './powershell.ts'
import { type Verb, verbsOf } from './tree.ts'
import { zsh } from './zsh.ts'

export type Shell = (typeof SHELLS)[number]

const WRITERS: Readonly<Record<Shell, (verbs: readonly Verb[], head: string) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
}

const HEAD = 'Written by fedai completions from the command tree: change that, not this.'

/** The script for a shell, made of a command tree. */
export const completionOf = (shell: Shell, root: CommandUnknownOpts): string =>
  WRITERS[shell](verbsOf(root), HEAD)

/** How each script is called in completions/, as its shell looks for it. */
export const SCRIPT_FILES: Readonly<Record<Shell, string>> = {
  bash: 'fedai.bash',
  zsh: '_fedai',
  fish: 'fedai.fish',
  powershell: 'fedai.ps1',
}
