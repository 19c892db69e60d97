import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { home } from './home.ts'
import { init } from './init.ts'
import { request } from './request/index.ts'
import { writeOut } from './stdout.ts'
import { up } from './up/index.ts'
import { verify } from './verify/index.ts'

/** The whole command tree, new for each call: parsing leaves marks on it, and tests run many. */
export const program = (version: string): CommandUnknownOpts => {
  const root = home(version)
  for (const verb of [up(version), request(), verify(), init()]) root.addCommand(verb)
  settle(root, 'fedai')
  return root
}

// Throws instead of exiting, and leaves all error text to the one place that prints errors.
const settle = (command: CommandUnknownOpts, path: string): void => {
  command.helpOption('-h, --help', 'show this help')
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
