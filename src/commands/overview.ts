import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { Fault } from '../engine/base/fault.ts'
import { paths } from '../engine/base/paths.ts'
import { npub, shortNpub } from '../engine/identity/keys.ts'
import { listKeys } from '../engine/identity/keystore.ts'
import { nearest } from './figures.ts'
import { lives, readRunning } from './running.ts'
import { openTerminal } from './terminal.ts'

/**
 * What this machine is set up for, and the next useful command. Reads files only: no port is opened
 * and nobody is asked.
 */
export const showHome = async (
  version: string,
  options: { json?: boolean | undefined },
): Promise<void> => {
  const terminal = openTerminal(options)
  const identities = listKeys(paths(process.env).keys)
  const found = readRunning()
  const router = found && lives(found.pid) ? found : undefined
  const next = router ? 'fedai request --task text.detect "Wer rastet, der rostet."' : 'fedai up'
  if (options.json) {
    const where = router && { npub: npub(router.key), address: router.address, pid: router.pid }
    await terminal.emit(
      `${JSON.stringify({ v: 1, type: 'setup', version, identities, router: where ?? null, next })}\n`,
    )
    return
  }
  const lines = [
    `fedai ${version} · play money`,
    router
      ? `  router      ${shortNpub(router.key)} at ${router.address}, up on this machine`
      : '  router      none runs on this machine',
    identities.length > 0
      ? `  identities  ${identities.join('  ')}`
      : '  identities  none stored: each call makes a key of its own',
    '  all else    fedai --help',
  ]
  await terminal.emit(`${lines.join('\n')}\ntry: ${next}\n`)
}

/**
 * The command that `fedai help WORD` is about.
 * @throws Fault `usage` `usage.unknown_command`
 */
export const helpOf = (root: CommandUnknownOpts, word: string | undefined): CommandUnknownOpts => {
  if (word === undefined) return root
  const found = root.commands.find((command) => command.name() === word)
  if (!found) throw unknownCommand(word, root.commands)
  return found
}

/** What `fedai WORD` gets where there is no such command. */
export const unknownCommand = (word: string, commands: readonly { name(): string }[]): Fault => {
  const near = nearest(
    word,
    commands.map((command) => command.name()),
  )
  return new Fault('usage', 'usage.unknown_command', `there is no command ${word.slice(0, 40)}`, {
    hint: near ? `try: fedai ${near}` : 'see: fedai --help',
  })
}
