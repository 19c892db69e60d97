import { Command } from '@commander-js/extra-typings'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { examples } from './options.ts'

/**
 * A command that only has others under it. Alone it shows them; a word that is none of them is an
 * error with the nearest one.
 */
export const group = (
  name: string,
  about: Readonly<{
    description: string
    examples: readonly string[]
    more: string
  }>,
  children: readonly CommandUnknownOpts[],
): CommandUnknownOpts => {
  const command = new Command(name)
    .description(about.description)
    .usage('[command]')
    .helpCommand(false)
    .argument('[words...]')
    .addHelpText('after', examples(about.examples, about.more))
    .action(async (words, _, self) => {
      if (words.length === 0) return self.outputHelp()
      const { unknownCommand } = await import('./overview.ts')
      throw unknownCommand(words[0]!, self)
    })
  for (const child of children) command.addCommand(child)
  return command
}
