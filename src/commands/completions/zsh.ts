import type { Flag, Values, Verb } from './tree.ts'

/** A script for zsh: `_fedai` in a folder of `fpath`, or sourced after compinit. */
export const zsh = (verbs: readonly Verb[], head: string): string => `#compdef fedai
# ${head}
${verbs
  .toReversed()
  .map((verb) => (verb.children.length > 0 ? groupFunction(verb) : leafFunction(verb)))
  .join('\n')}
if [[ $funcstack[1] == _fedai ]]; then _fedai "$@"; else compdef _fedai fedai; fi
`

const groupFunction = (verb: Verb): string => `${nameOf(verb.path)}() {
  local context state state_descr line
  typeset -A opt_args
  local -a verbs=(
${verb.children.map((it) => `    '${it.word}:${escaped(it.summary)}'`).join('\n')}
  )
  _arguments -C \\
${flagLines(verb)}    '1: :->verb' '*:: :->rest' && return 0
  case $state in
    verb) _describe -t commands command verbs ;;
    rest)
      case $line[1] in
${verb.children.map(({ word }) => `        ${word}) ${nameOf([...verb.path, word])} ;;`).join('\n')}
      esac ;;
  esac
}`

const leafFunction = (verb: Verb): string => {
  const [first] = verb.args
  const rest = first ? ` \\\n    '*:${escaped(bareName(first.name))}:${action(first.values)}'` : ''
  return `${nameOf(verb.path)}() {
  _arguments -s \\
${flagLines(verb).replace(/ \\\n$/, '')}${rest}
}`
}

const nameOf = (path: readonly string[]): string => ['_fedai', ...path].join('_')

const flagLines = (verb: Verb): string =>
  verb.flags.map((flag) => `    ${flagSpec(flag)} \\\n`).join('')

const flagSpec = ({ names, about, values, placeholder, repeatable }: Flag): string => {
  const what = values ? `:${escaped(placeholder ?? 'value')}:${action(values)}` : ''
  // Both `--file x` and `--file=x`, `-f x` and `-fx`.
  const forms = names.map((it) => (values ? `${it}${it.startsWith('--') ? '=' : '+'}` : it))
  const before = repeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : ''
  const said = `[${escaped(about)}]${what}`
  return forms.length > 1
    ? `'${before}'{${forms.join(',')}}'${said}'`
    : `'${before}${forms[0]}${said}'`
}

const action = ({ sort, words }: Values): string =>
  sort === 'file' ? '_files' : sort === 'words' ? `(${words.join(' ')})` : ''

const bareName = (name: string): string => name.replace(/[^a-z]/g, '')

const escaped = (text: string): string =>
  text.replace(/[[\]:'\\]/g, (c) => (c === "'" ? "'\\''" : `\\${c}`))
