import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { KEYS, settingOf } from '../../engine/base/config/schema.ts'
import { TASK_NAMES } from '../../engine/tasks/task.ts'
import { CONFIG_FILE, SHAPES } from '../schema/registry.ts'

/** What may follow a flag, or stand alone: one of some words, a file, or anything. */
export type Values = Readonly<{ sort: 'words' | 'file' | 'text'; words: readonly string[] }>

export type Flag = Readonly<{
  /** `-f`, `--file`. */
  names: readonly string[]
  about: string
  /** What its value is called in the help; undefined for a flag without one. */
  placeholder: string | undefined
  values: Values | undefined
  repeatable: boolean
}>

/** A command, as completions and man pages need it. */
export type Verb = Readonly<{
  /** The words that call it, without `fedai`; none for `fedai` itself. */
  path: readonly string[]
  summary: string
  description: string
  usage: string
  flags: readonly Flag[]
  /** Commands under it, by their last word. */
  children: readonly Readonly<{ word: string; summary: string }>[]
  args: readonly Readonly<{ name: string; about: string; values: Values }>[]
  /** What `--help` shows below the options: examples, notes. */
  after: string
}>

/** Every command of a tree, the root first, each before what is under it. */
export const verbsOf = (root: CommandUnknownOpts): Verb[] => verbsUnder(root, [])

/** The key of a verb in a script: its words, each after a space. */
export const placeOf = (path: readonly string[]): string => path.map((word) => ` ${word}`).join('')

const verbsUnder = (command: CommandUnknownOpts, path: readonly string[]): Verb[] => [
  verbOf(command, path),
  ...command.commands.flatMap((child) => verbsUnder(child, [...path, child.name()])),
]

const verbOf = (command: CommandUnknownOpts, path: readonly string[]): Verb => {
  const help = command.createHelp()
  const isGroup = command.commands.length > 0
  return {
    path,
    summary: command.summary() || command.description(),
    description: command.description(),
    usage: command.usage(),
    flags: help.visibleOptions(command).map(flagOf),
    children: command.commands.map((it) => ({ word: it.name(), summary: it.summary() })),
    // The words of a group are its commands, or wrong.
    args: isGroup ? [] : command.registeredArguments.map((it) => argumentOf(it, path)),
    after: afterOf(command),
  }
}

const flagOf = (option: Option): Flag => ({
  names: [option.short, option.long].filter((it) => it !== undefined && it !== null),
  about: option.description,
  placeholder: /<(.+)>/.exec(option.flags)?.[1],
  values: option.required || option.optional ? valuesOf(option) : undefined,
  // What has a parser of its own collects (options.ts).
  repeatable: option.parseArg !== undefined,
})

const TASKS = [...new Set(TASK_NAMES.map((name) => name.split('@')[0]!))]

const valuesOf = ({ argChoices, long = '', flags }: Option): Values => {
  if (argChoices) return words(argChoices)
  if (long === '--task') return words(TASKS)
  if (/<file>/.test(flags)) return FILE
  const set = KEYS.map(settingOf).find((it) => it.flag === long && it.value.choices)
  return set?.value.choices ? words(set.value.choices) : TEXT
}

const argumentOf = (argument: Argument, path: readonly string[]) => {
  const name = argument.name()
  return {
    name: `${argument.required ? '<' : '['}${name}${argument.variadic ? '...' : ''}${argument.required ? '>' : ']'}`,
    about: argument.description,
    values: argument.argChoices
      ? words(argument.argChoices)
      : name === 'file'
        ? FILE
        : placeOf(path) === ' config explain'
          ? words([...KEYS.map((key) => key.split('.')[0]!), ...KEYS])
          : placeOf(path) === ' schema'
            ? words([...Object.keys(SHAPES).flatMap((it) => it.split(' ')), CONFIG_FILE])
            : TEXT,
  }
}

const words = (all: readonly string[]): Values => ({ sort: 'words', words: [...new Set(all)] })
const FILE: Values = { sort: 'file', words: [] }
const TEXT: Values = { sort: 'text', words: [] }

// commander keeps no list of what addHelpText was given, so it is read off the help.
const afterOf = (command: CommandUnknownOpts): string => {
  let text = ''
  const usual = command.configureOutput()
  command.configureOutput({ ...usual, writeOut: (part) => (text += part) })
  command.outputHelp()
  command.configureOutput(usual)
  const from = text.indexOf('\nExamples:\n')
  return from < 0 ? '' : text.slice(from + 1)
}
