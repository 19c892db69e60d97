import { Command, Option } from '@commander-js/extra-typings'
import {
  budgetOption,
  examples,
  jsonOption,
  netOption,
  passphraseOption,
  quietOption,
  routerOption,
  yesOption,
} from '../options.ts'

const MORE = 'docs/money.md'

/** `fedai pay`: the client's side of money. An invoice is its own word; all else is a command under it. */
export const pay = () => {
  const command = new Command('pay')
    .description('Pay a Lightning invoice, once, within the caps; or see to wallet and tabs.')
    .usage('[options] <invoice> | <command>')
    .helpCommand(false)
    .enablePositionalOptions()
    .argument('[words...]')
    .addOption(netOption())
    .addOption(budgetOption())
    .option('--max-fee <amount>', 'most for routing (default: 10sat or 1 %)')
    .option('--wait <time>', 'how long to wait for its end (default: 60s)')
    .addOption(passphraseOption())
    .addOption(yesOption('pay without a question'))
    .option('--dry-run', 'show it and check the caps, pay nothing')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      'after',
      examples(['fedai pay lnbc1…', 'echo lnbc1… | fedai pay --yes -', 'fedai pay status'], MORE, [
        'Exit codes: 77 over a cap, 80 unknown: do not pay again, run fedai pay resolve',
      ]),
    )
    .hook('preSubcommand', async (self, child) => {
      const { checkBefore } = await import('./words.ts')
      checkBefore(self.opts(), child.name())
    })
    .action(async (words, options, self) => {
      // With an option it is no question what there is: a script would take the help for a payment.
      if (words.length === 0 && Object.keys(options).length === 0) return self.outputHelp()
      const { invoiceIn } = await import('./words.ts')
      const invoice = await invoiceIn(words, self)
      const { payInvoice } = await import('./pay.ts')
      await payInvoice(invoice, options)
    })
  for (const child of [connect(), status(), tabs(), topUp(), history(), resolve()])
    command.addCommand(child)
  return command
}

const connect = () =>
  new Command('connect')
    .summary('connect the wallet that pays')
    .description('Connect the wallet that pays: its connection string comes from stdin or FILE.')
    .usage('[options]')
    .argument('[words...]')
    .option('-f, --file <file>', 'read it from FILE, which only you can read')
    .addOption(netOption())
    .addOption(yesOption('put it in the place of another one without a question'))
    .option('--dry-run', 'open and check it, store nothing')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai pay connect --net mainnet --file wallet.txt',
          'pass show wallet | fedai pay connect --net mainnet --dry-run',
          'fedai pay connect   # asks, and does not show what is typed',
        ],
        MORE,
      ),
    )
    .action(async (words, options) => {
      const { connectWallet } = await import('./connect.ts')
      await connectWallet(words, options)
    })

/** A script may say both to any command here. */
const noQuestion = () => yesOption('no effect here: nothing is asked')
const noDryRun = () => new Option('--dry-run', 'no effect here: nothing is paid')

const status = () =>
  new Command('status')
    .summary('show wallet, tabs, what is in flight, and today against the caps')
    .description('Show wallet, tabs, what is in flight, and what was spent today against the caps.')
    .addOption(netOption())
    .addOption(passphraseOption())
    .addOption(noQuestion())
    .addOption(noDryRun())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai pay status',
          'fedai pay status --net mainnet',
          'fedai pay status --json | jq -r .spent_today_msat',
        ],
        MORE,
      ),
    )
    .action(async (options) => {
      const { showStatus } = await import('./status.ts')
      await showStatus(options)
    })

const tabs = () =>
  new Command('tabs')
    .summary('show what is paid, used and left at each node')
    .description('Show what is paid, used and left at each node, by your own count.')
    .addOption(netOption())
    .option('--all', 'show past sessions of --tab off too')
    .option('--statements', 'print what nodes signed of them, for fedai verify')
    .addOption(noQuestion())
    .addOption(noDryRun())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai pay tabs',
          'fedai pay tabs --json | jq .tabs',
          'fedai pay tabs --statements | fedai verify -',
        ],
        MORE,
      ),
    )
    .action(async (options) => {
      const { showTabs } = await import('./tabs.ts')
      await showTabs(options)
    })

const topUp = () =>
  new Command('top-up')
    .summary('pay into the tab at a node')
    .description('Pay into the tab at a node: its next jobs draw on it.')
    .usage('[options] <node> [amount]')
    .argument('<node>', 'npub1…, hex, its name in your trust set, or how one of these begins')
    .argument('[amount]', 'such as 100sat (default: 10sat at first, then 100sat)')
    .addOption(netOption())
    .addOption(routerOption())
    .addOption(budgetOption())
    .option('--max-exposure <amount>', 'most unused at one node (default: 200sat)')
    .option('--max-fee <amount>', 'most for routing (default: 10sat or 1 %)')
    .addOption(passphraseOption())
    .addOption(yesOption('pay without a question'))
    .option('--dry-run', 'show it and check the caps, pay nothing')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai pay top-up mira',
          'fedai pay top-up npub1… 150sat --yes',
          'fedai pay top-up mira 500sat --max-exposure 600sat --dry-run',
        ],
        MORE,
        ['Exit codes: 77 over a cap, 80 unknown: do not pay again, run fedai pay resolve'],
      ),
    )
    .action(async (node, amount, options) => {
      const { topUpTab } = await import('./top-up.ts')
      await topUpTab(node, amount, options)
    })

const history = () =>
  new Command('history')
    .summary('print what was paid, the newest first')
    .description('Print what was paid, the newest first.')
    .addOption(netOption())
    .option('-n, --limit <n>', 'most payments to print (default: 1000)')
    .addOption(new Option('--csv', 'print a table for spreadsheets (RFC 4180)'))
    .addOption(noQuestion())
    .addOption(noDryRun())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai pay history',
          'fedai pay history --csv > payments.csv',
          'fedai pay history --json | jq -r .paid_msat',
        ],
        MORE,
      ),
    )
    .action(async (options) => {
      const { showHistory } = await import('./history.ts')
      await showHistory(options)
    })

const resolve = () =>
  new Command('resolve')
    .summary('ask the wallet how payments ended whose end is not known')
    .description(
      'Ask the wallet how payments ended whose end is not known; print results that were locked and are paid now. Pays nothing.',
    )
    .addOption(netOption())
    .addOption(passphraseOption())
    .option('--give-up <hash>', 'count one as not paid, whose wallet is gone for good')
    .addOption(yesOption('give it up without a question'))
    .option('--dry-run', 'list them, ask nobody')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          'fedai pay resolve',
          'fedai pay resolve --dry-run',
          'until fedai pay resolve; do sleep 60; done',
        ],
        MORE,
      ),
    )
    .action(async (options) => {
      const { resolvePayments } = await import('./resolve.ts')
      await resolvePayments(options)
    })
