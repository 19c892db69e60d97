import { Command, Option } from '@commander-js/extra-typings'
import {
  examples,
  identityOption,
  jsonOption,
  netOption,
  passphraseOption,
  quietOption,
  routerOption,
  several,
} from '../options.ts'

/** `fedai request`: one job, from prompt to checked receipt. */
export const request = () =>
  new Command('request')
    .description('Send one job and print its result. With - or no prompt, stdin is the text.')
    .argument('[prompt...]')
    .optionsGroup('The job:')
    .option('-f, --file <file>', 'read the text from FILE')
    .option('--input <file>', "read the task's own JSON from FILE, or - for stdin")
    .option('--system <text>', 'instruction for the model, before the prompt')
    .option('-t, --task <name>', 'what to do', 'text.chat')
    .addOption(
      new Option('-m, --model <name>', "name or pattern, such as 'llama-*' (repeatable)").argParser(
        several,
      ),
    )
    .option('--max-tokens <n>', 'most tokens of output')
    .option('--max-price <amount>', 'never pay more, such as 10sat or 500msat')
    .option('--deadline <time>', 'give up after, such as 30s or 5m')
    .option('--wait <time>', 'while all nodes are busy; 0s: never (default: 10s)')
    .addOption(
      new Option('--where <rules>', 'which nodes may serve, see below (repeatable)').argParser(
        several,
      ),
    )
    .option('--prefer <what>', 'cheap, balanced or fast (default: balanced)')
    .option('--dry-run', 'print offers and ceiling, send no content')
    .addOption(
      new Option('--timing <when>', 'paid before, stream, after or hold (repeatable)').argParser(
        several,
      ),
    )
    .option('--budget <amount>', 'most paid in one day (default: 1000sat)')
    .option('--tab <on|off>', 'off: one invoice for each job, what is left is lost')
    .option('--max-exposure <amount>', 'most unused at one node (default: 200sat)')
    .optionsGroup('Network and output:')
    .addOption(netOption())
    .addOption(routerOption())
    .addOption(identityOption())
    .addOption(passphraseOption())
    .option('-o, --out <file>', 'write the result to FILE, whole or not at all')
    .addOption(jsonOption())
    .option('--stream', 'with --json: a line for each piece as it comes')
    .addOption(quietOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai request --task text.detect "Wie geht es dir?" --max-price 10sat',
          'fedai request --json --task text.detect "Wie geht es dir?" | fedai verify -',
          'fedai request "Why is the sky blue?"   # needs a node with a chat model',
        ],
        'README.md (exit codes), docs/money.md',
        ['--where: own|trusted|allow:KEY, deny:KEY, local, other-operator, no-proprietary'],
      ),
    )
    .action(async (prompt, options) => {
      const { runRequest } = await import('./run.ts')
      await runRequest(prompt.length === 0 ? undefined : prompt.join(' '), options)
    })
