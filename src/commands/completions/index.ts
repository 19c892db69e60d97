import { Argument, Command } from '@commander-js/extra-typings'
import { examples } from '../options.ts'

/** Shells that have a script. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const

/** `fedai completions`: the script that makes TAB work, for one shell. */
export const completions = (version: string) =>
  new Command('completions')
    .description('Print the script that completes commands, flags and their values in a shell.')
    .addArgument(new Argument('<shell>', SHELLS.join(', ')).choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        [
          'source <(fedai completions bash)',
          'fedai completions zsh > ~/.zfunc/_fedai   # with ~/.zfunc in fpath',
          'fedai completions fish > ~/.config/fish/completions/fedai.fish',
        ],
        'completions/ of the sources: the same scripts',
        ['PowerShell: fedai completions powershell | Out-String | Invoke-Expression'],
      ),
    )
    .action(async (shell) => {
      const { writeOut } = await import('../stdout.ts')
      const { completionOf } = await import('./scripts.ts')
      const { program } = await import('../index.ts')
      writeOut(completionOf(shell, program(version)))
    })
