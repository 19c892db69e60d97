import { Command } from '@commander-js/extra-typings'
import { examples, jsonOption } from '../options.ts'

/** `fedai verify`: checks signed documents, offline, also a year later. */
export const verify = () =>
  new Command('verify')
    .description(
      'Check receipts, payments and tabs: signatures, who signed for whom, cost, sums.\nOffline. Exit 0, or 76 with the first thing that is wrong.',
    )
    .argument(
      '<file...>',
      'result of request --json, pay history --json, bundle, events; - for stdin',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai request --json --task text.detect "Wie geht es dir?" > result.json',
          'fedai verify --json result.json',
          'fedai request --json --task text.detect "Wie geht es dir?" | fedai verify -',
        ],
        'docs/protocol.md',
      ),
    )
    .action(async (files, options) => {
      const { verifyFiles } = await import('./run.ts')
      await verifyFiles(files, options)
    })
