import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Fault } from '../../engine/base/fault.ts'
import { nearest } from '../../engine/base/nearest.ts'
import type { Task } from '../../engine/tasks/task.ts'
import { doubledKey } from '../json-trouble.ts'
import { parseJson, readText } from '../read.ts'

/**
 * The input that a file of JSON says, with the task's defaults. Stricter than the wire, where a field
 * that is not known may come from a later version: what somebody writes here is meant, or is a slip.
 * @param path `-` for stdin
 * @throws Fault `data` `input.doubled_key` | `input.bad_text` | `input.unknown_field` | `input.schema`;
 *   those of readText and parseJson
 */
export const inputOfJson = async (path: string, task: Task): Promise<unknown> => {
  const name = path === '-' ? 'stdin' : path
  const text = await readText(path)
  const value = parseJson(text, name)
  const doubled = doubledKey(text)
  if (doubled !== undefined)
    throw wrong('doubled_key', `${name} has the key ${shown(doubled)} twice`, 'keep one of them')
  // A lone surrogate has no UTF-8; only an escape can bring it into text that was decoded.
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value))
    throw wrong(
      'bad_text',
      `${name} has half a character: a lone surrogate`,
      'write the character itself, or both halves of it, such as \\ud83d\\ude00',
    )
  checkFields(value, task, name)
  return parsed(task, value, name)
}

/**
 * A value as the task's input.
 * @param name of what it came from, for the error
 * @throws Fault `data` `input.schema`, with the fields that the task takes
 */
export const parsed = (task: Task, value: unknown, name: string): unknown => {
  const result = task.input.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const at = issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
  throw wrong(
    'schema',
    `${name} is no input for ${task.name}: ${at}${lower(issue.message)}`,
    takes(task),
  )
}

/**
 * Refuses a command line that is not UTF-8: Bun has put U+FFFD in place of what it could not read.
 * That may have been typed as well, so the bytes are asked where the system shows them.
 * @throws Fault `data` `input.not_utf8`
 */
export const checkArguments = (argv: readonly string[] = process.argv): void => {
  if (process.platform !== 'linux' || !argv.some((it) => it.includes('\ufffd'))) return
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(readFileSync('/proc/self/cmdline'))
  } catch (cause) {
    // Without /proc nobody can tell.
    if (!(cause instanceof TypeError)) return
    throw wrong(
      'not_utf8',
      'the command line is not UTF-8 text',
      'set a UTF-8 locale, or put the text into a file: fedai request --file FILE',
    )
  }
}

const checkFields = (value: unknown, task: Task, name: string): void => {
  const fields = fieldsOf(task)
  if (fields.length === 0 || typeof value !== 'object' || value === null) return
  const unknown = Array.isArray(value)
    ? undefined
    : Object.keys(value).find((key) => !fields.includes(key))
  if (unknown === undefined) return
  const near = nearest(unknown, fields)
  throw wrong(
    'unknown_field',
    `${name} has a field ${shown(unknown)}, which ${task.name} does not take`,
    near === undefined ? takes(task) : `try ${near}, or leave it out`,
  )
}

const fieldsOf = (task: Task): string[] =>
  task.input instanceof z.ZodObject ? Object.keys(task.input.shape) : []

const takes = (task: Task): string => {
  const { input } = task
  if (!(input instanceof z.ZodObject)) return 'see: fedai request --help'
  const names = Object.entries(input.shape).map(([name, field]) =>
    field instanceof z.ZodOptional || field instanceof z.ZodDefault ? `[${name}]` : name,
  )
  return `${task.name} takes: ${names.join(' ')}`
}

// With a list of its own, since JSON can nest deeper than a stack of calls.
const isWellFormed = (value: unknown): boolean => {
  const left = [value]
  while (left.length > 0) {
    const it = left.pop()
    if (typeof it === 'string' && !it.isWellFormed()) return false
    if (typeof it !== 'object' || it === null) continue
    for (const [key, child] of Object.entries(it)) left.push(key, child)
  }
  return true
}

const shown = (key: string): string => JSON.stringify(key.slice(0, 60))

const wrong = (code: string, message: string, hint: string): Fault =>
  new Fault('data', `input.${code}`, message, { hint })

const lower = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)
