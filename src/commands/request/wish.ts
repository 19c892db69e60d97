import { Fault } from '../../engine/base/fault.ts'
import { type Msat, parseAmount } from '../../engine/base/money.ts'
import type { Where } from '../../engine/protocol/where.ts'
import type { Wish } from '../../engine/roles/client/news.ts'
import { findTask } from '../../engine/tasks/catalogue.ts'
import type { Task } from '../../engine/tasks/task.ts'
import { readText } from '../read.ts'
import { parseModels, parseSpan, parseWhole } from '../values.ts'
import { inputOfJson, parsed } from './input.ts'

/** The options of `fedai request` that say what is wanted. */
export type WishOptions = Readonly<{
  file?: string | undefined
  input?: string | undefined
  system?: string | undefined
  task: string
  model?: readonly string[] | undefined
  maxTokens?: string | undefined
  maxPrice?: string | undefined
  deadline?: string | undefined
  wait?: string | undefined
}>

/** What settings say of a wish, where the command line does not. */
export type Defaults = Readonly<{
  cap: Msat | null
  deadlineMs: number
  waitMs: number
  where: Where
  prefer: Preference
}>

/** What `--prefer` is called by people, as the class of a job: what the client's time is worth. */
const CLASS_OF = { cheap: 'batch', balanced: 'balanced', fast: 'interactive' } as const
export type Preference = keyof typeof CLASS_OF

const DEADLINE_MAX_MS = 24 * 3_600_000

/** A job that was ordered, before its input was read. */
export type Plan = Readonly<{
  task: Task
  /** Reads the input. @throws Fault `usage` where there is none, `data` where it is wrong */
  wish(defaults: Defaults): Promise<Wish>
}>

/**
 * What a command line wants. Everything that is wrong with its options is found here, before a long
 * stdin is read in vain or anybody is asked.
 * @param prompt undefined where the command line has none, which is not the same as an empty one
 * @param piped true where stdin is a pipe or a file, so that it may be read unasked
 * @throws Fault `usage`
 */
export const planOf = (prompt: string | undefined, options: WishOptions, piped: boolean): Plan => {
  const task = findTask(options.task)
  checkTogether(prompt, options, task)
  if (prompt !== undefined && prompt.trim() === '')
    throw usage('no_input', 'the prompt is empty', 'write something between the quotes')
  if (prompt === undefined && options.file === undefined && options.input === undefined && !piped)
    throw usage(
      'no_input',
      'there is nothing to send',
      'try: fedai request --task text.detect "Wer rastet, der rostet."\nor: fedai request --file FILE, or pipe a text into it',
    )
  const { maxTokens: tokens, maxPrice, deadline, wait } = options
  const maxTokens =
    tokens === undefined ? undefined : parseWhole(tokens, '--max-tokens', 1, 1_000_000)
  const models = parseModels(options.model ?? [])
  const cap = maxPrice === undefined ? undefined : parseAmount(maxPrice, '--max-price')
  const deadlineMs =
    deadline === undefined ? undefined : parseSpan(deadline, '--deadline', DEADLINE_MAX_MS)
  const waitMs = wait === undefined ? undefined : parseSpan(wait, '--wait', DEADLINE_MAX_MS, 0)
  return {
    task,
    wish: async (defaults) => {
      const input =
        options.input !== undefined
          ? await inputOfJson(options.input, task)
          : await inputOfText(prompt, options, task, piped, maxTokens)
      return {
        task: task.name,
        input,
        models,
        outTokens: task.sizes(input).out_tokens,
        cap: cap ?? defaults.cap,
        deadlineMs: deadlineMs ?? defaults.deadlineMs,
        waitMs: waitMs ?? defaults.waitMs,
        class: CLASS_OF[defaults.prefer],
        where: defaults.where,
      }
    },
  }
}

const checkTogether = (prompt: string | undefined, options: WishOptions, task: Task): void => {
  const sources = [
    prompt === undefined ? undefined : prompt === '-' ? '-' : 'a prompt',
    options.file === undefined ? undefined : '--file',
    options.input === undefined ? undefined : '--input',
  ].filter((it) => it !== undefined)
  if (sources.length > 1)
    throw usage('two_inputs', `${sources.join(' and ')} are both the input`, 'keep one')
  if (options.input !== undefined && options.system !== undefined)
    throw usage('system', '--system goes with a text, not with --input', 'write it into the JSON')
  if (options.input !== undefined && options.maxTokens !== undefined)
    throw usage(
      'max_tokens',
      '--max-tokens goes with a text, not with --input',
      'write max_tokens into the JSON',
    )
  if (options.system !== undefined && task.name !== 'text.chat@1')
    throw usage('system', `${task.name} takes no --system`, 'leave it out, or use --task text.chat')
  if (options.maxTokens !== undefined && !task.units.includes('out_token'))
    throw usage('max_tokens', `${task.name} makes no tokens to limit`, 'leave --max-tokens out')
  if (options.input === undefined && !task.fromText)
    throw usage(
      'needs_json',
      `${task.name} needs more than a text`,
      `give it JSON: fedai request --task ${options.task} --input FILE.json`,
    )
}

const inputOfText = async (
  prompt: string | undefined,
  options: WishOptions,
  task: Task,
  piped: boolean,
  maxTokens: number | undefined,
): Promise<unknown> => {
  const path = options.file ?? (prompt === '-' || (prompt === undefined && piped) ? '-' : undefined)
  const text = path === undefined ? (prompt ?? '') : await readText(path)
  if (text.trim() === '')
    throw new Fault('data', 'input.empty', `${path === '-' ? 'stdin' : path} is empty`, {
      hint: 'give it some text',
    })
  return parsed(
    task,
    task.fromText?.(text, {
      ...(options.system !== undefined && { system: options.system }),
      ...(maxTokens !== undefined && { maxTokens }),
    }),
    'the input',
  )
}

const usage = (code: string, message: string, hint: string): Fault =>
  new Fault('usage', `request.${code}`, message, { hint })
