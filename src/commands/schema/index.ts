import { Command } from '@commander-js/extra-typings'
import { examples, jsonOption } from '../options.ts'

/** `fedai schema`: what `--json` prints, as JSON Schema. */
export const schema = () =>
  new Command('schema')
    .description('Print the JSON Schema (2020-12) of what a command prints with --json.')
    .argument('[command...]', 'such as request, config show or fedai.toml; none: list')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai schema',
          'fedai schema request > request.schema.json',
          'fedai schema fedai.toml > fedai.schema.json',
        ],
        'docs/config.md',
        [
          'Where a command prints several objects, one a line, each fits the schema. So',
          'does the error that goes to stderr.',
        ],
      ),
    )
    .action(async (words, options) => {
      const { showSchema } = await import('./run.ts')
      await showSchema(words, options)
    })
