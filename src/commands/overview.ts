import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { z } from 'zod'
import { Fault } from '../engine/base/fault.ts'
import { nearest } from '../engine/base/nearest.ts'
import { paths } from '../engine/base/paths.ts'
import { npub, shortNpub } from '../engine/identity/keys.ts'
import { listKeys } from '../engine/identity/keystore.ts'
import type { setupShape } from './overview-shape.ts'
import { routersHere } from './running.ts'
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
  const [router] = routersHere()
  const next = router ? 'fedai request --task text.detect "Wer rastet, der rostet."' : 'fedai up'
  if (options.json) {
    const where = router && { npub: npub(router.key), address: router.address, pid: router.pid }
    const object: z.output<typeof setupShape> = {
      v: 1,
      type: 'setup',
      version,
      identities,
      router: where ?? null,
      next,
    }
    await terminal.emit(`${JSON.stringify(object)}\n`)
    return
  }
  const lines = [
    `fedai ${version}`,
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
 * The command that `fedai help WORDS` is about.
 * @throws Fault `usage` `usage.unknown_command`
 */
export const helpOf = (root: CommandUnknownOpts, words: readonly string[]): CommandUnknownOpts => {
  const [word, ...rest] = words
  if (word === undefined) return root
  const found = root.commands.find((command) => command.name() === word)
  if (!found) throw unknownCommand(word, root)
  return helpOf(found, rest)
}

/** What `fedai WORD` or `fedai GROUP WORD` gets where there is no such command. */
export const unknownCommand = (word: string, parent: CommandUnknownOpts): Fault => {
  const near = nearest(
    word,
    parent.commands.map((command) => command.name()),
  )
  const before = pathOf(parent)
  const whole = [...before.slice(1), word.slice(0, 40)].join(' ')
  return new Fault('usage', 'usage.unknown_command', `there is no command ${whole}`, {
    hint: near ? `try: ${[...before, near].join(' ')}` : `see: ${before.join(' ')} --help`,
  })
}

/** The words that call a command, `fedai` first. */
export const pathOf = (command: CommandUnknownOpts): string[] => [
  ...(command.parent ? pathOf(command.parent) : []),
  command.name(),
]
