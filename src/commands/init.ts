import { Command, Option } from '@commander-js/extra-typings'
import { examples, jsonOption } from './options.ts'

/** `fedai init`: makes or imports an identity, by questions or by flags. */
export const init = () =>
  new Command('init')
    .description('Make or import an identity: a Nostr key in a file that only you can read.')
    .optionsGroup('Identity:')
    .option('--as <name>', 'what to call it on this machine')
    .addOption(
      new Option(
        '--import <file>',
        'take the key (nsec, hex, ncryptsec) from FILE, or - for stdin',
      ),
    )
    .addOption(
      new Option('--passphrase-file <file>', 'encrypt it with this passphrase; opens --import too'),
    )
    .optionsGroup('Answers:')
    .option('-y, --yes', 'take the default for every question that no flag answers')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['fedai init', 'fedai init --as work --yes', 'fedai init --as old --import key.txt'],
        'README.md',
      ),
    )
    .action(async (options) => {
      const { makeIdentity } = await import('./identity.ts')
      await makeIdentity(options)
    })
