import { Option } from '@commander-js/extra-typings'

/**
 * Options that several commands share, fresh for each call. They only declare: what a value means is
 * read in the handler, so that `--help` and completions load nothing.
 */
export const jsonOption = () => new Option('--json', 'print JSON, errors too (those on stderr)')

export const quietOption = () => new Option('-q, --quiet', 'say nothing on stderr but errors')

export const routerOption = () =>
  new Option('--router <npub@url>', 'a router to ask, repeatable (default: those here)').argParser(
    several,
  )

export const identityOption = () =>
  new Option('--as <name>', 'sign with this identity (default: a new key)')

export const passphraseOption = () =>
  new Option('--passphrase-file <file>', 'the passphrase of that identity')

export const netOption = () =>
  new Option('--net <net>', 'sim (play money), mainnet, testnet or regtest')

export const yesOption = (what: string) => new Option('-y, --yes', what)

export const budgetOption = () =>
  new Option('--budget <amount>', 'most for one day, fees included (default: 1000sat)')

/** Collects a repeatable option. */
export const several = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
]

/** Examples, notes and where to read more, below the options of `--help`. */
export const examples = (
  lines: readonly string[],
  more: string,
  notes: readonly string[] = [],
): string =>
  ['\nExamples:', ...lines.map((line) => `  ${line}`), '', ...notes, `More: ${more}`].join('\n')
