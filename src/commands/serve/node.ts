import { Command, Option } from '@commander-js/extra-typings'
import {
  examples,
  jsonOption,
  netOption,
  passphraseOption,
  quietOption,
  several,
} from '../options.ts'

/** `fedai serve node`: sells what the runners of this machine can do. Opens no port. */
export const serveNode = (version: string) =>
  new Command('node')
    .summary('run a node: sell what this machine can compute')
    .description('Run a node: it sells what its runners can do. It dials out and opens no port.')
    .optionsGroup('Work:')
    .addOption(
      new Option(
        '--runner <kind=what>',
        'llama-server=MODEL.gguf, openai=URL, ollama=URL, none (repeatable)',
      ).argParser(several),
    )
    .option('--queue <n>', 'jobs that may wait for each slot (default: 2)')
    .optionsGroup('Money:')
    .addOption(netOption())
    .option('--wallet <kind>', 'sim, nwc, lnd, cln, phoenixd, lnbits; none: free (default: auto)')
    .option('--wallet-file <file>', 'file (0600) with its connection string, see docs/wallets/')
    .option('--allow-spending-credential', 'start though the credential could also spend')
    .optionsGroup('Network and identity:')
    .addOption(
      new Option(
        '--router <npub@url>',
        'where to sell (repeatable; default: routers on this machine)',
      ).argParser(several),
    )
    .option('--name <text>', 'what it calls itself (default: fedai node)')
    .option('--as <name>', 'sign with this identity (default: node, made on the first start)')
    .addOption(passphraseOption())
    .option('--operator <npub>', 'who runs it, for clients that want another’s node')
    .optionsGroup('Running:')
    .option('--drain <time>', 'how long open jobs may take after TERM (default: 30s)')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai serve node',
          'fedai serve node --runner llama-server=model.gguf',
          'fedai serve node --router npub1…@wss://router.example.com',
        ],
        'docs/operations.md, docs/runners.md',
      ),
    )
    .action(async (options) => {
      const { runNode } = await import('./run-node.ts')
      await runNode(options, version)
    })
