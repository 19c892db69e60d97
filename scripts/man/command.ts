import type { Flag, Verb } from '../../src/commands/completions/tree.ts'
import { OTHER_VARIABLES } from '../../src/engine/base/config/resolve.ts'
import { EXIT_CODES, type FaultKind } from '../../src/engine/base/fault.ts'
import { bold, italic, plain, section, terms, title, verbatim } from './roff.ts'

/** What each exit code means, as the table of README says it. */
const ENDS: Readonly<Record<FaultKind, string>> = {
  usage: 'The command line is wrong.',
  data: 'The input is wrong.',
  unavailable: 'Nobody is reachable, or nobody offers such a task or model.',
  bug: 'A bug in fedai.',
  io: 'A disk, the ledger, or stdout failed.',
  again: 'No capacity now, or a node or runner failed: try again later.',
  verification: 'A signature, a receipt or a pinned key does not hold.',
  refused: 'Refused by budget or policy.',
  config: 'Configuration or key files are wrong.',
  uncertain: 'It is not known how a payment ended: do not pay again, run fedai pay resolve.',
  interrupted: 'Interrupted, such as by Ctrl-C.',
}

/** How the page of a command is called: `fedai-config-show`. */
export const pageName = (path: readonly string[]): string => ['fedai', ...path].join('-')

/** The man page of one command. */
export const commandPage = (verb: Verb, version: string): string => {
  const name = pageName(verb.path)
  const isRoot = verb.path.length === 0
  return [
    title(name, 1, version, 'fedai'),
    ...section('NAME', [`${plain(name)} \\- ${plain(lower(verb.summary.replace(/\.$/, '')))}`]),
    ...section('SYNOPSIS', [bold(['fedai', ...verb.path].join(' ')), plain(verb.usage)]),
    ...section('DESCRIPTION', plain(verb.description).split('\n')),
    ...section('COMMANDS', commands(verb)),
    ...section('ARGUMENTS', terms(verb.args.map((it) => [italic(it.name), it.about]))),
    ...section('OPTIONS', terms(verb.flags.map((flag) => [flagTerm(flag), flag.about]))),
    ...(isRoot ? ends() : []),
    ...(isRoot ? variables() : []),
    ...section('EXAMPLES', verbatim(paragraphsOf(verb)[0] ?? [])),
    ...section('NOTES', notes(verb)),
    ...section('SEE ALSO', [seeAlso(verb)]),
    '',
  ].join('\n')
}

const commands = (verb: Verb): string[] =>
  terms(
    verb.children.map(({ word, summary }) => [
      `${bold(pageName([...verb.path, word]))}(1)`,
      `${upper(summary)}.`,
    ]),
  )

const flagTerm = ({ names, placeholder }: Flag): string =>
  names.map(bold).join(', ') + (placeholder === undefined ? '' : ` ${italic(placeholder)}`)

const ends = (): string[] =>
  section(
    'EXIT STATUS',
    terms([
      [bold('0'), 'Done.'],
      ...Object.entries(EXIT_CODES).map(
        ([kind, code]) => [bold(String(code)), ENDS[kind as FaultKind]] as const,
      ),
    ]),
  )

const variables = (): string[] =>
  section('ENVIRONMENT', [
    ...terms(
      Object.entries(OTHER_VARIABLES).map(([name, about]) => [bold(name), `${upper(about)}.`]),
    ),
    '.PP',
    'Every key of',
    '.BR fedai.toml (5)',
    'has a variable of its own.',
  ])

const notes = (verb: Verb): string[] => {
  // The last line says where to read more, which is what SEE ALSO is for.
  const rest = paragraphsOf(verb)
    .slice(1)
    .flat()
    .filter((line) => !line.startsWith('More: '))
  return rest.length === 0 ? [] : verbatim(rest)
}

/** What stands below the options of `--help`: the examples first. */
const paragraphsOf = ({ after }: Verb): string[][] =>
  after
    .replace(/^Examples:\n/, '')
    .trimEnd()
    .split('\n\n')
    .map((part) => part.split('\n').map((line) => line.replace(/^ {2}/, '')))

const seeAlso = ({ path }: Verb): string => {
  const above = path.map((_, i) => `${bold(pageName(path.slice(0, i)))}(1)`)
  return [...above, `${bold('fedai.toml')}(5)`].join(', ')
}

const lower = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)
const upper = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
