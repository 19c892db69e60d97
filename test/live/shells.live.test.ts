// The scripts of completions/ in the shells they are for. Where a shell is not installed, that is said.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { completions } from '../../scripts/build-completions.ts'
import { SCRIPT_FILES, type Shell } from '../../src/commands/completions/scripts.ts'

const folder = mkdtempSync(join(tmpdir(), 'fedai-shells-'))
afterAll(() => rmSync(folder, { recursive: true }))
for (const [name, text] of Object.entries(completions())) writeFileSync(join(folder, name), text)
writeFileSync(join(folder, 'a file.json'), '')
const script = (shell: Shell) => join(folder, SCRIPT_FILES[shell])

/** A shell that is there; says so loudly where it is not. */
const found = (shell: string): string | undefined => {
  const path = Bun.which(shell) ?? undefined
  if (path === undefined)
    process.stderr.write(`!! NOT TRIED: completions in ${shell}: not installed\n`)
  return path
}
const bash = found('bash')
const zsh = found('zsh')
const fish = found('fish')
const pwsh = found('pwsh')

/** What each shell must offer for a line that ends at the cursor. */
const CASES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['fedai re', ['request']],
  ['fedai serve ', ['node', 'router']],
  ['fedai serve router --li', ['--listen']],
  ['fedai config e', ['explain']],
  ['fedai config explain router.li', ['router.listen']],
  ['fedai completions ', ['bash', 'fish', 'powershell', 'zsh']],
  ['fedai request --task text.s', ['text.summarize']],
  ['fedai request --prefer ', ['balanced', 'cheap', 'fast']],
  ['fedai request --as serve --max', ['--max-exposure', '--max-price', '--max-tokens']],
  ['fedai trust add --ow', ['--own']],
  ['fedai verify a', ['a file.json']],
]

describe.skipIf(!bash)('bash', () => {
  const offered = (line: string): string[] =>
    Bun.spawnSync(
      [
        bash!,
        '--norc',
        '-c',
        // As readline splits: at blanks and at =, which stays a word.
        `source "$0"; IFS=' ' read -ra COMP_WORDS <<< "\${1//=/ = }"
         [[ $1 == *[\\ =] ]] && COMP_WORDS+=('')
         COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _fedai; printf '%s\\n' "\${COMPREPLY[@]}"`,
        script('bash'),
        line,
      ],
      { cwd: folder },
    )
      .stdout.toString()
      .split('\n')
      .filter(Boolean)

  test.each([...CASES, ['fedai request --task=text.s', ['text.summarize']] as const])(
    '%s',
    (line, expected) => expect(offered(line).toSorted()).toEqual([...expected]),
  )

  test('the whole way: a TAB at a prompt', async () => {
    const screen = await typed([bash!, '--norc', '-i'], `source ${script('bash')}\n`, [
      ['fedai verify a\t', /verify a\\ file\.json/],
      [' --js\t', /--json/],
    ])
    expect(screen).not.toContain('syntax error')
  }, 20_000)
})

describe.skipIf(!zsh)('zsh', () => {
  // What zsh shows on a terminal is all that it tells: one match is put into the line, more are listed.
  test.each(CASES)(
    '%s',
    async (line, expected) => {
      const start = `autoload -U compinit && compinit -u -d ${folder}/dump; source ${script('zsh')}\n`
      // In whatever order they are listed; one that matches alone is put into the line.
      const shown = expected.map((it) => `(?=[^]*${RegExp.escape(it.replace(' ', '\\ '))})`)
      const screen = await typed([zsh!, '-f', '-i'], start, [
        [`${line}\t`, new RegExp(`^${shown.join('')}`)],
      ])
      expect(screen).not.toMatch(/error|not found|parse/)
    },
    20_000,
  )
})

describe.skipIf(!fish)('fish', () => {
  test.each(CASES)('%s', (line, expected) => {
    const ran = Bun.spawnSync(
      [fish!, '--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script('fish'), line],
      { cwd: folder, env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder } },
    )
    const offered = ran.stdout
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((it) => it.split('\t')[0]!)
    expect(ran.stderr.toString()).toBe('')
    expect(offered.toSorted()).toEqual([...expected])
  })
})

describe('PowerShell', () => {
  test.skipIf(!pwsh).each(CASES.slice(0, -1))('%s', (line, expected) => {
    const ran = Bun.spawnSync([
      pwsh!,
      '-NoProfile',
      '-Command',
      `. '${script('powershell')}'; (TabExpansion2 '${line}' ${line.length}).CompletionMatches.CompletionText`,
    ])
    expect(ran.stdout.toString().split(/\r?\n/).filter(Boolean).toSorted()).toEqual([...expected])
  })

  // All that can be seen without PowerShell.
  test('its brackets and quotes are in pairs', () => {
    const text = completions()[SCRIPT_FILES.powershell]!
    const code = text
      .replace(/^\s*#.*$/gm, '')
      .replace(/'(?:[^']|'')*'/g, "''")
      .replace(/"[^"]*"/g, '""')
    const open: string[] = []
    for (const [mark] of code.matchAll(/[[\](){}]/g)) {
      if ('([{'.includes(mark)) open.push(mark)
      else expect(`${open.pop()}${mark}`).toMatch(/^(\(\)|\[\]|\{\})$/)
    }
    expect(open).toEqual([])
    // A key that a table has twice does not parse; PowerShell does not tell a from A.
    for (const table of text.split(/^ {2}\$\w+ = @\{$/m).slice(1)) {
      const keys = [...table.split('\n  }')[0]!.matchAll(/^ {4}('[^']*') = /gm)].map((it) => it[1]!)
      expect(keys.length).toBeGreaterThan(5)
      expect(new Set(keys.map((key) => key.toLowerCase())).size).toBe(keys.length)
    }
    expect(code.replace(/''|""/g, '')).not.toMatch(/['"]/)
  })
})

/** A shell on a terminal: types each text, waits for what it must show, and gives the screen. */
const typed = async (
  command: string[],
  start: string,
  steps: readonly (readonly [text: string, shows: RegExp])[],
): Promise<string> => {
  let screen = ''
  const child = Bun.spawn(command, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb', PS1: 'READY$ ' },
    terminal: {
      cols: 200,
      rows: 60,
      data: (_, bytes) => void (screen += new TextDecoder().decode(bytes)),
    },
  })
  const until = async (pattern: RegExp) => {
    for (let i = 0; i < 500 && !pattern.test(screen); i++) await Bun.sleep(10)
    expect(screen).toMatch(pattern)
  }
  try {
    await until(/READY/)
    // In two parts, so that its echo is not taken for its output.
    child.terminal!.write(`${start}echo LOA''DED\n`)
    await until(/LOADED/)
    for (const [text, shows] of steps) {
      screen = ''
      child.terminal!.write(text)
      await until(shows)
    }
    return screen
  } finally {
    child.kill('SIGKILL')
    await child.exited
  }
}
