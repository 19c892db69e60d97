import { Command } from '@commander-js/extra-typings'
import { group } from '../group.ts'
import { examples, jsonOption } from '../options.ts'

/** `fedai config`: what is set, and why. Reads files only. */
export const config = () =>
  group(
    'config',
    {
      description:
        'Show what is set and where it comes from: flag, then FEDAI_* variable, then\nfedai.toml, then default.',
      examples: ['fedai config show', 'fedai config explain router.listen', 'fedai config path'],
      more: 'docs/config.md',
    },
    [show(), explain(), path()],
  )

const show = () =>
  new Command('show')
    .summary('print every key, its value and where that comes from')
    .description('Print every key, its value and where that comes from.')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai config show',
          'FEDAI_LOG_FORMAT=json fedai config show',
          'fedai config show --json | jq -c ".settings[]"',
        ],
        'docs/config.md',
      ),
    )
    .action(async (options) => {
      const { showConfig } = await import('./run.ts')
      await showConfig(options)
    })

const explain = () =>
  new Command('explain')
    .summary('say what a key does, its value, and where exactly that stands')
    .description('Say what a key does, its value, and where exactly that stands.')
    .argument('<key>', 'a key such as router.listen, or a section: its keys')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai config explain router.listen',
          'fedai config explain limits',
          'fedai config explain node.runners --json',
        ],
        'docs/config.md',
      ),
    )
    .action(async (key, options) => {
      const { explainConfig } = await import('./run.ts')
      await explainConfig(key, options)
    })

const path = () =>
  new Command('path')
    .summary('print which files and folders are in use')
    .description('Print which files and folders are in use, whether they are there or not.')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai config path',
          'fedai config path --json',
          'FEDAI_HOME=/srv/fedai fedai config path',
        ],
        'docs/config.md',
      ),
    )
    .action(async (options) => {
      const { showPaths } = await import('./run.ts')
      await showPaths(options)
    })
