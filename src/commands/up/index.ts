import { Command, Option } from '@commander-js/extra-typings'
import { examples, jsonOption, quietOption, several } from '../options.ts'

/** `fedai up`: a router and a node in one process, on play money. */
export const up = (version: string) =>
  new Command('up')
    .description('Run a whole network in one process, on play money: a router and a node.')
    .argument('[prompt...]', 'with --once: text to send to a chat model')
    .optionsGroup('Network:')
    .addOption(
      new Option(
        '--runner <kind=what>',
        'llama-server=MODEL.gguf, openai=URL, ollama=URL (repeatable), or none',
      ).argParser(several),
    )
    .option('--port <n>', 'port of the router on 127.0.0.1; 0 for any free one (default: 7447)')
    .option('--once', 'send a few jobs, show their receipts, and end')
    .optionsGroup('Output:')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      'after',
      examples(
        ['fedai up', 'fedai up --once', 'fedai up --runner llama-server=model.gguf'],
        'docs/ARCHITECTURE.md',
      ),
    )
    .action(async (prompt, options) => {
      const { checkTwice } = await import('../values.ts')
      checkTwice(options.runner ?? [], '--runner')
      const { runUp } = await import('./run.ts')
      const text = prompt.join(' ')
      await runUp(text === '' ? [] : [text], options, version)
    })
