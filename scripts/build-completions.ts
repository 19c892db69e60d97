// Writes completions/ from the command tree: bash, zsh, fish and PowerShell. Static texts that start
// nothing: a TAB costs no process. Checked in; test/cli compares.
//   bun scripts/build-completions.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { version } from '../package.json'
import { program } from '../src/commands/index.ts'
import { TASK_NAMES } from '../src/engine/tasks/task.ts'

type Flag = Readonly<{
  names: readonly string[]
  about: string
  value: 'none' | 'file' | 'task' | 'text'
}>
type Verb = Readonly<{ name: string; about: string; flags: readonly Flag[]; files: boolean }>

/** The command tree as completions need it; the root has the name ''. */
export const verbs = (): Verb[] => {
  const root = program(version)
  return [root, ...root.commands].map((command) => ({
    name: command === root ? '' : command.name(),
    about: command.summary() || command.description(),
    flags: command
      .createHelp()
      .visibleOptions(command)
      .map((option) => ({
        names: [option.short, option.long].filter((it) => it !== undefined && it !== null),
        about: option.description,
        value: valueOf(option.long ?? '', Boolean(option.required || option.optional)),
      })),
    files: command.registeredArguments.some((argument) => argument.name() === 'file'),
  }))
}

const valueOf = (long: string, takes: boolean): Flag['value'] => {
  if (!takes) return 'none'
  if (long === '--task') return 'task'
  return ['--file', '--input', '--out', '--import', '--passphrase-file'].includes(long)
    ? 'file'
    : 'text'
}

const TASKS = [...new Set(TASK_NAMES.map((name) => name.split('@')[0]!))]
const HEAD = 'Written by scripts/build-completions.ts from the command tree.'
const named = (all: readonly Verb[]) => all.filter((verb) => verb.name !== '')
const withValue = (all: readonly Verb[], value: Flag['value']) => [
  ...new Set(
    all.flatMap((verb) => verb.flags.filter((it) => it.value === value).flatMap((it) => it.names)),
  ),
]

const bash = (all: readonly Verb[]): string => `# ${HEAD}
_fedai() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} verb='' word
  # Names of files may have spaces, so only line ends split; mapfile is not in the bash of macOS.
  local IFS=$'\\n'
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${named(all)
      .map((verb) => verb.name)
      .join('|')}) verb=$word; break ;; esac
  done
  case $previous in
    ${withValue(all, 'file').join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${withValue(all, 'task').join('|')}) COMPREPLY=($(compgen -W $'${TASKS.join('\\n')}' -- "$current")); return ;;
    ${withValue(all, 'text').join('|')}) return ;;
  esac
  case $verb in
${all
  .map(
    (verb) =>
      `    '${verb.name}') word=$'${[
        ...(verb.name === '' ? named(all).map((it) => it.name) : []),
        ...verb.flags.flatMap((flag) => flag.names),
      ].join('\\n')}' ;;`,
  )
  .join('\n')}
  esac
  COMPREPLY=($(compgen -W "$word" -- "$current"))
  case $verb in
    ${all
      .filter((verb) => verb.files)
      .map((verb) => verb.name)
      .join('|')}) [[ $current == -* ]] || COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _fedai fedai
`

const zshText = (text: string) =>
  text.replace(/[[\]:'\\]/g, (c) => (c === "'" ? "'\\''" : `\\${c}`))

const zshFlag = (flag: Flag): string => {
  const value = {
    none: '',
    file: ':file:_files',
    task: `:task:(${TASKS.join(' ')})`,
    text: ':value:',
  }[flag.value]
  const about = `[${zshText(flag.about)}]${value}`
  return flag.names.length > 1
    ? `'(${flag.names.join(' ')})'{${flag.names.join(',')}}'${about}'`
    : `'${flag.names[0]}${about}'`
}

const zsh = (all: readonly Verb[]): string => `#compdef fedai
# ${HEAD}
_fedai() {
  local -a verbs=(
${named(all)
  .map((verb) => `    '${verb.name}:${zshText(verb.about)}'`)
  .join('\n')}
  )
  local line state
  _arguments -C \\
${all[0]!.flags.map((flag) => `    ${zshFlag(flag)} \\`).join('\n')}
    '1: :->verb' '*:: :->rest'
  case $state in
    verb) _describe command verbs ;;
    rest)
      case $line[1] in
${named(all)
  .map(
    (verb) =>
      `        ${verb.name}) _arguments -s \\\n${verb.flags.map((flag) => `          ${zshFlag(flag)} \\`).join('\n')}\n          '*:${verb.files ? 'file:_files' : 'text:'}' ;;`,
  )
  .join('\n')}
      esac ;;
  esac
}
_fedai "$@"
`

const quoted = (text: string) => `'${text.replace(/[\\']/g, (c) => `\\${c}`)}'`

const fish = (all: readonly Verb[]): string => {
  const line = (verb: Verb, flag: Flag) =>
    [
      `complete -c fedai -n ${quoted(verb.name === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${verb.name}`)}`,
      ...flag.names.map((it) => (it.startsWith('--') ? `-l ${it.slice(2)}` : `-s ${it.slice(1)}`)),
      { none: '', file: '-r -F', task: `-x -a ${quoted(TASKS.join(' '))}`, text: '-x' }[flag.value],
      `-d ${quoted(flag.about)}`,
    ]
      .filter((part) => part !== '')
      .join(' ')
  return [
    `# ${HEAD}`,
    'complete -c fedai -f',
    ...named(all).map(
      (verb) =>
        `complete -c fedai -n __fish_use_subcommand -a ${verb.name} -d ${quoted(verb.about)}`,
    ),
    ...all
      .filter((verb) => verb.files)
      .map((verb) => `complete -c fedai -n '__fish_seen_subcommand_from ${verb.name}' -F`),
    ...all.flatMap((verb) => verb.flags.map((flag) => line(verb, flag))),
    '',
  ].join('\n')
}

const psText = (text: string) => `'${text.replace(/'/g, "''")}'`

const powershell = (all: readonly Verb[]): string => `# ${HEAD}
Register-ArgumentCompleter -Native -CommandName fedai -ScriptBlock {
  param($word, $ast, $at)
  $flags = @{
${all.map((verb) => `    ${psText(verb.name)} = @(${verb.flags.flatMap((flag) => flag.names.map((name) => `@(${psText(name)}, ${psText(flag.about)})`)).join(', ')})`).join('\n')}
  }
  $verbs = @(${named(all)
    .map((verb) => `@(${psText(verb.name)}, ${psText(verb.about)})`)
    .join(', ')})
  $said = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  $verb = @($said | Where-Object { $_ -ne $word -and $flags.ContainsKey($_) })[0]
  if ($said.Count -gt 0 -and $said[$(if ($word) { -2 } else { -1 })] -in ${withValue(all, 'task').map(psText).join(', ')}) {
    $choices = @(${TASKS.map((task) => `@(${psText(task)}, ${psText(task)})`).join(', ')})
  } elseif ($verb) { $choices = $flags[$verb] } else { $choices = $verbs + $flags[''] }
  $choices | Where-Object { $_[0] -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
`

/** Every file of completions/ and what is in it. */
export const completions = (): Readonly<Record<string, string>> => {
  const all = verbs()
  return {
    'fedai.bash': bash(all),
    _fedai: zsh(all),
    'fedai.fish': fish(all),
    'fedai.ps1': powershell(all),
  }
}

if (import.meta.main) {
  const folder = join(dirname(import.meta.dir), 'completions')
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(completions())) writeFileSync(join(folder, name), text)
}
