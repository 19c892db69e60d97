import { Fault } from '../../engine/base/fault.ts'
import { parseJson } from '../read.ts'

/** An event in a file, as its JSON, before anybody has looked at it. */
export type Found = Readonly<{ file: string; text: string }>

/** Most events of one call: an audit compares them with each other. */
const EVENTS_MAX = 10_000

type Fields = Readonly<Record<string, unknown>>

/**
 * All events in a text: the result of `request --json`, a bundle, one event, an array, or JSON lines
 * of any of these.
 * @throws Fault `data` `input.not_json` | `verify.nothing` | `verify.unknown` | `verify.too_many`
 */
export const documentsIn = (text: string, file: string): Found[] => {
  const values = valuesIn(text, file)
  // One event alone keeps its exact bytes, so that doubled keys and odd numbers are seen.
  const only = values.length === 1 && isEvent(values[0])
  const texts = only
    ? [text.trim()]
    : values.flatMap((value) => eventsIn(value, file)).map((it) => JSON.stringify(it))
  if (texts.length === 0)
    throw new Fault('data', 'verify.nothing', `${file} holds nothing that is signed`, {
      hint: 'give it the result of: fedai request --json',
    })
  if (texts.length > EVENTS_MAX)
    throw new Fault('data', 'verify.too_many', `${file} holds more than ${EVENTS_MAX} events`, {
      hint: 'verify it in parts',
    })
  return [...new Set(texts)].map((it) => ({ file, text: it }))
}

/** The JSON values of a text: one, or one a line. */
const valuesIn = (text: string, file: string): unknown[] => {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const first = tried(lines[0] ?? '')
  // Lines, where the first is whole and there are others; else the text is one value.
  if (first === undefined || lines.length < 2) return [parseJson(text, file)]
  return lines.map((line, i) => (i === 0 ? first : parseJson(line, `${file} (line ${i + 1})`)))
}

const tried = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isEvent = (value: unknown): boolean => isFields(value) && 'sig' in value && 'kind' in value

const eventsIn = (value: unknown, file: string): unknown[] => {
  if (Array.isArray(value)) return value.flatMap((one) => eventsIn(one, file))
  if (isEvent(value)) return [value]
  if (isFields(value)) {
    if (value['type'] === 'piece') return []
    if (isFields(value['bundle']))
      return membersOf({ ...value['bundle'], result: value['receipt'] })
    const members = membersOf(value)
    if (members.length > 0) return members
  }
  throw new Fault('data', 'verify.unknown', `${file} holds something that is no signed event`, {
    hint: 'give it the result of request --json, a bundle, or events',
  })
}

const membersOf = (fields: Fields): unknown[] => Object.values(fields).filter(isEvent)
