import { Command, Option } from '@commander-js/extra-typings'
import {
  examples,
  jsonOption,
  netOption,
  passphraseOption,
  quietOption,
  several,
} from '../options.ts'

/** `fedai serve router`: brings asks and tickets together, and passes on what is sealed. */
export const serveRouter = (version: string) =>
  new Command('router')
    .summary('run a router: match jobs with nodes, pass on what is sealed')
    .description('Run a router: it matches jobs with nodes and passes on what it cannot read.')
    .optionsGroup('Door:')
    .option('--listen <host:port>', 'where to listen; port 0: any (default: 127.0.0.1:7447)')
    .addOption(
      new Option('--public <url>', 'address others dial: wss://HOST[:PORT] (repeatable)').argParser(
        several,
      ),
    )
    .option('--tls-cert <file>', 'certificate chain (PEM), read again on HUP')
    .option('--tls-key <file>', 'its secret key (PEM)')
    .addOption(
      new Option(
        '--trusted-proxy <cidr>',
        'believe X-Forwarded-For from there (repeatable)',
      ).argParser(several),
    )
    .optionsGroup('Money:')
    .addOption(netOption())
    .option('--require-payment <when>', 'before, after, any or none (default: none)')
    .option('--payment-evidence <what>', 'node: its word; proof: each payment (default: node)')
    .option('--fee <amount>', 'its own fee, for a pack of routes (default: 0msat)')
    .option('--fee-routes <n>', 'how many jobs a pack is good for (default: 100)')
    .option('--wallet-file <file>', 'the wallet for the fee: file (0600), docs/wallets/')
    .optionsGroup('Identity:')
    .option('--name <text>', 'what it calls itself (default: fedai router)')
    .option('--as <name>', 'sign with this identity (default: router, made on the first start)')
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
          'fedai serve router',
          'fedai serve router --listen 192.168.1.5:7447',
          'fedai serve router --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem',
        ],
        'docs/operations.md',
      ),
    )
    .action(async (options) => {
      const { runRouter } = await import('./run-router.ts')
      await runRouter(options, version)
    })
