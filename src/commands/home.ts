import { Command } from '@commander-js/extra-typings'
import { examples, jsonOption } from './options.ts'

/** `fedai` alone: what this machine is set up for, and the next useful command. Opens no port. */
export const home = (version: string) =>
  new Command('fedai')
    .description('Sell spare AI capacity and buy it, job by job, with Nostr keys and sats.')
    .usage('[command]')
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .enablePositionalOptions()
    .argument('[words...]')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai up',
          'fedai request --task text.detect "Wer rastet, der rostet."',
          'fedai verify result.json',
        ],
        'fedai COMMAND --help',
      ),
    )
    .action(async (words, options, command) => {
      const { helpOf, unknownCommand, showHome } = await import('./overview.ts')
      if (words[0] === 'help') return helpOf(command, words.slice(1)).outputHelp()
      if (words.length > 0) throw unknownCommand(words[0]!, command)
      await showHome(version, options)
    })
