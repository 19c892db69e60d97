import { Command } from '@commander-js/extra-typings'
import { group } from '../group.ts'
import { examples, jsonOption } from '../options.ts'

const MORE = 'fedai request --help (--where), docs/protocol.md'

/** `fedai trust`: the keys that this user trusts, for `request --where` and for names. */
export const trust = () =>
  group(
    'trust',
    {
      description:
        'Keep the keys that you trust, by name: `request --where trusted` asks no others.',
      examples: [
        'fedai trust add npub1… --name mira',
        'fedai trust list',
        'fedai request --where trusted "Why is the sky blue?"',
      ],
      more: MORE,
    },
    [add(), remove(), list()],
  )

const add = () =>
  new Command('add')
    .summary('trust a key')
    .description('Trust a key, or say more about one that is trusted already.')
    .argument('<npub>', 'the public key of a node or router, npub1… or 64 hex digits')
    .option('-n, --name <name>', 'what to call it here')
    .option('--own', 'it is yours: request --where own')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai trust add npub1… --name mira',
          'fedai trust add npub1… --name office --own',
          'fedai trust list',
        ],
        MORE,
      ),
    )
    .action(async (key, options) => {
      const { addKey } = await import('./run.ts')
      await addKey(key, options)
    })

const remove = () =>
  new Command('remove')
    .summary('trust a key no longer')
    .description('Trust a key no longer.')
    .argument('<npub>', 'the key, or its name here')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['fedai trust list', 'fedai trust remove mira', 'fedai trust remove npub1…'], MORE),
    )
    .action(async (key, options) => {
      const { removeKey } = await import('./run.ts')
      await removeKey(key, options)
    })

const list = () =>
  new Command('list')
    .summary('print the keys that you trust')
    .description('Print the keys that you trust, with their names.')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['fedai trust list', 'fedai trust list --json', 'fedai request --where trusted "hi"'],
        MORE,
      ),
    )
    .action(async (options) => {
      const { listKeys } = await import('./run.ts')
      await listKeys(options)
    })
