import { describe, expect, test } from 'bun:test'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { KEYS, settingOf } from '../engine/base/config/schema.ts'
import { verbsOf } from './completions/tree.ts'
import { program } from './index.ts'
import { SHAPES } from './schema/registry.ts'

const verbs = verbsOf(program('0.0.0'))
const named = verbs.map((verb) => [verb.path.join(' ') || 'fedai', verb] as const)

/** What `--help` prints. */
const helpOf = (path: readonly string[]): string => {
  let text = ''
  let command = program('0.0.0')
  for (const word of path) command = command.commands.find((it) => it.name() === word)!
  command.configureOutput({ ...command.configureOutput(), writeOut: (part) => (text += part) })
  command.outputHelp()
  return text
}

const examplesOf = (after: string): string[] =>
  after
    .split('\n\n')[0]!
    .split('\n')
    .slice(1)
    .map((line) => line.trim())

/** The words of each `fedai` in a line of shell: pipes, redirections, variables and comments aside. */
const callsIn = (line: string): string[][] => {
  const words = [
    ...line.matchAll(/#.*$|[|<>();]+|(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'|<>();])+/g),
  ].map(([word]) => word.replace(/^(["'])(.*)\1$/s, '$2'))
  const calls: string[][] = []
  let call: string[] | undefined
  for (const word of words) {
    if (word === 'fedai') calls.push((call = []))
    else if (/^[#|<>();]/.test(word)) call = undefined
    else call?.push(word)
  }
  return calls
}

/** Parses a command line without doing anything. */
const parse = async (words: readonly string[]): Promise<string | undefined> => {
  let called: string | undefined
  const stub = (command: CommandUnknownOpts, path: string): void => {
    command.action(() => {
      // A group takes any word, to say itself what is wrong with it; `pay` also takes an invoice.
      if (command.usage() === '[command]' && command.args.length > 0)
        throw new Error(`unknown command ${path} ${command.args[0]}`)
      called = path
    })
    command.configureOutput({ ...command.configureOutput(), writeOut: () => {} })
    for (const child of command.commands) stub(child, `${path} ${child.name()}`)
  }
  const root = program('0.0.0')
  stub(root, 'fedai')
  try {
    await root.parseAsync([...words], { from: 'user' })
  } catch (error) {
    // --help has no handler of ours to stub.
    const { code, command } = error as Error & { code?: string; command?: string }
    if (code !== 'commander.helpDisplayed') throw error
    called = command
  }
  return called
}

describe('the help of', () => {
  test.each(named)('%s fits a small terminal, with three examples', (_, verb) => {
    const lines = helpOf(verb.path).trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(40)
    expect(lines.filter((line) => Bun.stringWidth(line) > 80)).toEqual([])
    expect(examplesOf(verb.after)).toHaveLength(3)
    expect(verb.summary).not.toBe('')
    expect(lines.at(-1)).toMatch(/^More: /)
  })

  test.each(named)('%s shows examples that are understood', async (name, verb) => {
    const all = examplesOf(verb.after).flatMap(callsIn)
    expect(all.length).toBeGreaterThanOrEqual(3)
    const called = await Promise.all(all.map(parse))
    if (verb.children.length === 0 && verb.path.length > 0)
      expect(called).toContain(`fedai ${name}`)
  })
})

test('a tree of which only one verb is declared says and does the same', () => {
  const helpOfRoot = (words?: readonly string[]) => {
    let text = ''
    const root = program('0.0.0', words)
    root.configureOutput({ ...root.configureOutput(), writeOut: (part) => (text += part) })
    root.outputHelp()
    return text
  }
  expect(helpOfRoot(['--help'])).toBe(helpOfRoot())
  for (const { path } of verbs) {
    let command = program('0.0.0', path)
    for (const word of path) command = command.commands.find((it) => it.name() === word)!
    const flags = command.options.map((it) => it.flags)
    const whole = verbs.find((it) => it.path === path)!.flags.filter((it) => it.names[0] !== '-h')
    expect(flags).toHaveLength(whole.length)
  }
  expect(program('0.0.0', ['help', 'request']).commands[2]!.options.length).toBeGreaterThan(10)
})

test('a wrong example would be found', async () => {
  expect(callsIn('FEDAI_X=1 fedai a "b c" | fedai d - > e; fedai g   # fedai f')).toEqual([
    ['a', 'b c'],
    ['d', '-'],
    ['g'],
  ])
  await expect(parse(['verify', '--nope', 'x'])).rejects.toThrow(/unknown option/)
  await expect(parse(['completions', 'tcsh'])).rejects.toThrow(/Allowed choices/)
  await expect(parse(['config', 'shwo'])).rejects.toThrow(/unknown command/)
  expect(await parse(['config', 'show'])).toBe('fedai config show')
})

test('every command that has --json has a schema, and no other', () => {
  const withJson = verbs
    .filter((verb) => verb.flags.some((flag) => flag.names.includes('--json')))
    .map((verb) => verb.path.join(' ') || 'fedai')
  expect(Object.keys(SHAPES).toSorted()).toEqual([...withJson, 'version'].toSorted())
})

test('the flag of every setting is there, and its help tells the same default', () => {
  const places: Record<string, string> = {
    router: 'serve router',
    node: 'serve node',
    routers: 'request',
    net: 'request',
    'pay.max_exposure': 'request',
    'pay.tab': 'request',
  }
  for (const key of KEYS) {
    const { flag, usual } = settingOf(key)
    if (flag === undefined) continue
    const [section] = key.split('.') as [string]
    const path = places[key] ?? places[section] ?? section
    const verb = verbs.find((it) => it.path.join(' ') === path)!
    const found = verb.flags.find((it) => it.names.includes(flag))
    expect({ key, found: found?.names }).toEqual({ key, found: expect.arrayContaining([flag]) })
    const told = /\(default: ([^,)]+)/.exec(found!.about)?.[1]
    if (told !== undefined && typeof usual !== 'object' && usual !== undefined)
      expect({ key, told }).toEqual({ key, told: String(usual) })
  }
})

test('no value that is offered for a flag of a group has the name of a command, as completions believe', () => {
  // They read the words before the cursor one by one.
  const groups = verbs.filter((verb) => verb.children.length > 0)
  for (const { flags, children } of groups) {
    const offered = flags.flatMap((it) => it.values?.words ?? [])
    expect(children.filter(({ word }) => offered.includes(word))).toEqual([])
  }
})
