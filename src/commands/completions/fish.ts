import { type Flag, type Values, type Verb, placeOf } from './tree.ts'

/** A script for fish 3 and later. */
export const fish = (verbs: readonly Verb[], head: string): string =>
  [
    `# ${head}`,
    '# True where the words before the cursor call this very command.',
    'function __fedai_at',
    '    set -l words (commandline -opc)',
    '    set -e words[1]',
    "    set -l at ''",
    '    for word in $words',
    `        if contains -- "$at $word" ${verbs
      .filter((verb) => verb.path.length > 0)
      .map((verb) => quoted(placeOf(verb.path)))
      .join(' ')}`,
    '            set at "$at $word"',
    '        end',
    '    end',
    '    test "$at" = "$argv[1]"',
    'end',
    'complete -c fedai -f',
    ...verbs.flatMap(verbLines),
    '',
  ].join('\n')

const verbLines = ({ path, children, args, flags }: Verb): string[] => {
  const here = `complete -c fedai -n ${quoted(`__fedai_at '${placeOf(path)}'`)}`
  return [
    ...children.map((it) => `${here} -a ${it.word} -d ${quoted(it.summary)}`),
    ...args.flatMap(({ values }) => (values.sort === 'text' ? [] : [`${here} ${offer(values)}`])),
    ...flags.map((flag) => `${here} ${flagPart(flag)}`),
  ]
}

const flagPart = ({ names, values, about }: Flag): string =>
  [
    ...names.map((it) => (it.startsWith('--') ? `-l ${it.slice(2)}` : `-s ${it.slice(1)}`)),
    ...(values === undefined ? [] : values.sort === 'file' ? ['-r -F'] : ['-x', offer(values)]),
    `-d ${quoted(about)}`,
  ]
    .filter((part) => part !== '')
    .join(' ')

const offer = ({ sort, words }: Values): string =>
  sort === 'file' ? '-F' : sort === 'words' ? `-a ${quoted(words.join(' '))}` : ''

const quoted = (text: string): string => `'${text.replace(/[\\']/g, (c) => `\\${c}`)}'`
