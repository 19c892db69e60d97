import { expect, test } from 'bun:test'
import { pay } from './index.ts'

const flags = (command: { options: readonly { long?: string | undefined }[] }): string[] =>
  command.options.flatMap(({ long }) => long ?? [])

test.each(['pay', ...pay().commands.map((it) => it.name())])(
  '%s takes --json, --yes and --dry-run, so that a script can say them to any',
  (name) => {
    const command = name === 'pay' ? pay() : pay().commands.find((it) => it.name() === name)!
    expect(flags(command)).toEqual(expect.arrayContaining(['--json', '--yes', '--dry-run']))
  },
)
