import { KEYS, type Key, settingOf, variableOf } from '../../src/engine/base/config/schema.ts'
import { bold, plain, section, title, verbatim } from './roff.ts'

/** fedai.toml(5), from the table of settings. */
export const configPage = (version: string): string =>
  [
    title('fedai.toml', 5, version, 'fedai'),
    ...section('NAME', ['fedai.toml \\- configuration of fedai']),
    ...section('SYNOPSIS', [
      bold('$XDG_CONFIG_HOME/fedai/fedai.toml'),
      '.br',
      bold('$CONFIGURATION_DIRECTORY/fedai.toml'),
    ]),
    ...section('DESCRIPTION', DESCRIPTION),
    ...[...sections()].flatMap(([name, keys]) =>
      section(name === '' ? 'KEYS AT THE TOP' : `[${name}]`, keys.flatMap(keyLines)),
    ),
    ...section('EXAMPLE', verbatim(EXAMPLE)),
    ...section('SEE ALSO', [`${bold('fedai')}(1), ${bold('fedai-config')}(1)`]),
    '',
  ].join('\n')

const DESCRIPTION = [
  ...plain(
    'TOML 1.0, in UTF-8, of at most 256 KiB, which nobody but its owner may write.\nA flag outranks a variable, a variable this file, and this file the default.',
  ).split('\n'),
  'Keys and variables that are not known are errors.',
  'The value of a variable is written without quotes, several separated by commas; runners by semicolons.',
  '.PP',
  `${bold('fedai config show')} prints what is set, and where.`,
  `${bold('fedai config path')} prints where this file is looked for.`,
]

const EXAMPLE = [
  '[router]',
  'listen = "0.0.0.0:7447"',
  'public = ["wss://router.example.com"]',
  'tls_cert = "/etc/fedai/fullchain.pem"',
  'tls_key = "/etc/fedai/privkey.pem"',
  '',
  '[node]',
  'runners = ["llama-server=/models/qwen3-8b.gguf"]',
]

const sections = (): Map<string, Key[]> =>
  Map.groupBy(KEYS, (key) => (key.includes('.') ? key.split('.')[0]! : ''))

const keyLines = (key: Key): string[] => {
  const { value, usual, example, doc, flag, reload } = settingOf(key)
  const name = key.slice(key.lastIndexOf('.') + 1)
  const facts = [
    `Takes ${value.expected}.`,
    usual === undefined ? 'No default.' : `Default: ${JSON.stringify(usual)}.`,
    `Variable: ${variableOf(key)}.`,
    ...(flag === undefined ? [] : [`Flag: ${flag}.`]),
    ...(reload ? ['Taken over on HUP.'] : []),
  ]
  return [
    '.TP',
    `${bold(name)} = ${plain(JSON.stringify(example))}`,
    plain(doc),
    '.br',
    ...facts.map(plain),
  ]
}
