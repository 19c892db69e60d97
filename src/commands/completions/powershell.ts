import { type Values, type Verb, placeOf } from './tree.ts'

/** A script for PowerShell 5.1 and 7: to be dot-sourced from `$PROFILE`. */
export const powershell = (verbs: readonly Verb[], head: string): string => `# ${head}
Register-ArgumentCompleter -Native -CommandName fedai -ScriptBlock {
  param($word, $ast, $at)
  $flags = @{
${verbs.map((verb) => `    ${text(placeOf(verb.path))} = @(${verb.flags.flatMap((flag) => flag.names.map((name) => pair(name, flag.about))).join('; ')})`).join('\n')}
  }
  $words = @{
${verbs.map((verb) => `    ${text(placeOf(verb.path))} = @(${wordsOf(verb).join('; ')})`).join('\n')}
  }
  $values = @{
${verbs.flatMap(valueLines).join('\n')}
  }
  $said = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  # The word that is being completed is no part of what calls the command.
  if ($word -and $said.Count -gt 0) { $said = @($said | Select-Object -SkipLast 1) }
  $place = ''
  foreach ($one in $said) {
    if ($words.ContainsKey("$place $one")) { $place = "$place $one" }
  }
  $last = "$place $($said | Select-Object -Last 1)"
  if ($values.ContainsKey($last)) {
    # None for a value that is no word: PowerShell then offers files.
    $choices = @($values[$last] | ForEach-Object { , @($_, $_) })
  } elseif ("$word".StartsWith('-') -or $words[$place].Count -eq 0) { $choices = $flags[$place] }
  else { $choices = $words[$place] }
  $choices | Where-Object { $_ -and $_[0] -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
`

const wordsOf = ({ children, args }: Verb): string[] => [
  ...children.map((it) => pair(it.word, it.summary)),
  ...args.flatMap(({ values }) => values.words.map((it) => pair(it, it))),
]

const valueLines = ({ path, flags }: Verb): string[] =>
  flags.flatMap(({ names, values }) =>
    values
      ? names.map((name) => `    ${text(`${placeOf(path)} ${name}`)} = ${array(values)}`)
      : [],
  )

const array = ({ words }: Values): string => `@(${words.map(text).join(', ')})`

// A statement of its own, with a comma in front: otherwise PowerShell flattens a list of one pair.
const pair = (word: string, about: string): string => `, @(${text(word)}, ${text(about)})`

const text = (value: string): string => `'${value.replace(/['‘’‚‛]/g, (quote) => quote + quote)}'`
