import { type Values, type Verb, placeOf } from './tree.ts'

/** A script for bash, 3.2 (macOS) and later. A TAB starts no process of ours. */
export const bash = (verbs: readonly Verb[], head: string): string => `# ${head}
_fedai() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local at='' word words='' flags='' files=''
  # Names of files may have spaces, so only line ends split; mapfile is not in the bash of macOS.
  local IFS=$'\\n'
  COMPREPLY=()
  # bash hands --task=x over as three words.
  if [[ $current == '=' ]]; then current=''
  elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${verbs
        .filter((verb) => verb.path.length > 0)
        .map((verb) => `'${placeOf(verb.path)}'`)
        .join('|')}) at="$at $word" ;;
    esac
  done
  case "$at $previous" in
${[...flagsByValues(verbs)]
  .map(([what, places]) => `    ${places.map((it) => `'${it}'`).join('|')}) ${what}; return ;;`)
  .join('\n')}
  esac
  case $at in
${verbs.map(verbCase).join('\n')}
  esac
  [[ $current == -* || -z $words$files ]] && words=$flags files=''
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ $files ]] && _fedai_files
}
_fedai_files() {
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$current"))
}
if type compopt >/dev/null 2>&1; then complete -F _fedai fedai
else complete -o filenames -F _fedai fedai; fi
`

const flagsByValues = (verbs: readonly Verb[]): Map<string, string[]> => {
  const places = new Map<string, string[]>()
  for (const { path, flags } of verbs)
    for (const { names, values } of flags) {
      if (!values) continue
      const what = offer(values)
      const before = places.get(what) ?? []
      places.set(what, [...before, ...names.map((name) => `${placeOf(path)} ${name}`)])
    }
  return places
}

const offer = ({ sort, words }: Values): string =>
  sort === 'file'
    ? '_fedai_files'
    : sort === 'words'
      ? `COMPREPLY=($(compgen -W ${lines(words)} -- "$current"))`
      : ':'

const verbCase = ({ path, children, args, flags }: Verb): string => {
  const words = [
    ...children.map((it) => it.word),
    ...args.flatMap(({ values }) => values.words),
  ]
  return [
    `    '${placeOf(path)}')`,
    ...(words.length > 0 ? [`words=${lines(words)}`] : []),
    `flags=${lines(flags.flatMap((it) => it.names))}`,
    ...(args.some(({ values }) => values.sort === 'file') ? ['files=1'] : []),
    ';;',
  ].join(' ')
}

const lines = (words: readonly string[]): string => `$'${words.join('\\n')}'`
