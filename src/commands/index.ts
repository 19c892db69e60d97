import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { completions } from './completions/index.ts'
import { config } from './config/index.ts'
import { home } from './home.ts'
import { init } from './init.ts'
import { pay } from './pay/index.ts'
import { request } from './request/index.ts'
import { schema } from './schema/index.ts'
import { serve } from './serve/index.ts'
import { writeOut } from './stdout.ts'
import { trust } from './trust/index.ts'
import { up } from './up/index.ts'
import { verify } from './verify/index.ts'

type Make = (version: string) => CommandUnknownOpts

/** The verbs, in the order of the help, each with what it is for. */
const VERBS: Readonly<Record<string, readonly [summary: string, make: Make]>> = {
  up: ['run a whole network in one process, on play money', up],
  serve: ['run a router or a node as a daemon', serve],
  request: ['send one job and print its result', request],
  pay: ['connect a wallet, pay invoices, see what was spent', pay],
  verify: ['check receipts and what proves them, offline', verify],
  init: ['make or import an identity', init],
  trust: ['keep the keys that you trust', trust],
  config: ['show what is set and where it comes from', config],
  schema: ['print the JSON Schema of what a command prints', schema],
  completions: ['print the script that completes commands in a shell', completions],
}

/**
 * The command tree, new for each call: parsing leaves marks on it, and tests run many.
 * @param words of the command line: verbs that are not among them get a name and a summary only, since
 *   declaring them all is a third of what a `--help` costs. Without them the tree is whole.
 */
export const program = (version: string, words?: readonly string[]): CommandUnknownOpts => {
  const root = home(version)
  for (const [name, [summary, make]] of Object.entries(VERBS)) {
    const isAsked = words === undefined || words.includes(name) || words.includes('help')
    root.addCommand((isAsked ? make(version) : new Command(name)).summary(summary))
  }
  settle(root, 'fedai')
  return root
}

// Throws instead of exiting, and leaves all error text to the one place that prints errors.
const settle = (command: CommandUnknownOpts, path: string): void => {
  command.helpOption('-h, --help', 'show this help')
  // Names alone, whether the command under them is declared or not.
  command.configureHelp({ subcommandTerm: (child) => child.name() })
  command.configureOutput({
    // Not through process.stdout: opening Node's stream costs more than all the rest of a `--help`.
    writeOut,
    outputError: () => {},
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  })
  command.exitOverride((error) => {
    throw Object.assign(error, { command: path })
  })
  for (const child of command.commands) settle(child, `${path} ${child.name()}`)
}
