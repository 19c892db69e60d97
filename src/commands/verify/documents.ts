import { BOUNDS } from '../../engine/base/bounds.ts'
import { Fault } from '../../engine/base/fault.ts'
import { parseJson } from '../read.ts'
import { rowsOf } from './history.ts'

/** An event in a file, as its JSON, before anybody has looked at it; under which name, where it had one. */
export type Found = Readonly<{ text: string; name: string | null }>

/** Events that stand together in a file. */
export type Group = Readonly<{
  file: string
  documents: readonly Found[]
  /** Whether they are said to be of one job: a bundle is, an array is not. */
  bundle: boolean
  /** The result of `request --json` that the bundle stands in: what it says, nobody has signed. */
  result: Fields | null
  /** What `pay history --json` prints: payments, which no event is signed for. */
  history?: Fields
}>

export type Fields = Readonly<Record<string, unknown>>

/** Most events of one call: an audit compares them with each other. */
const EVENTS_MAX = 10_000
/** An output is JSON of our own bound at most, in a result, in an array. */
const DEPTH_MAX = BOUNDS.sealedJsonDepth + 4

/**
 * All events in a text: the result of `request --json`, a bundle, one event, an array, or JSON lines
 * of any of these; and the payments of `pay history --json`.
 * @throws Fault `data` `input.not_json` | `input.too_deep` | `verify.nothing` | `verify.unknown` |
 *   `verify.version` | `verify.too_many`
 */
export const documentsIn = (text: string, file: string): Group[] => {
  const values = valuesIn(text, file)
  const groups = values.flatMap((value) => groupsIn(value, file))
  const count = groups.reduce(
    (sum, { documents, history }) =>
      sum + documents.length + (history ? rowsOf(history).length : 0),
    0,
  )
  // A history in which nothing was paid yet says so.
  const isEmpty = groups.some(({ history }) => history && Array.isArray(history['payments']))
  if (count === 0 && !isEmpty)
    throw new Fault('data', 'verify.nothing', `${file} holds nothing that is signed`, {
      hint: 'give it the result of: fedai request --json',
    })
  if (count > EVENTS_MAX)
    throw new Fault('data', 'verify.too_many', `${file} holds more than ${EVENTS_MAX} events`, {
      hint: 'verify it in parts',
    })
  // One event alone keeps its exact bytes, so that doubled keys and odd numbers are seen.
  if (values.length === 1 && isEvent(values[0])) return [loose(text.trim(), file)]
  return groups
}

/** The JSON values of a text: one, or one a line. */
const valuesIn = (text: string, file: string): unknown[] => {
  // Before JSON.parse sees it, and all that walks its value: both would run out of stack.
  if (isDeep(text))
    throw new Fault('data', 'input.too_deep', `${file} is nested deeper than ${DEPTH_MAX} levels`, {
      hint: 'give it the result of: fedai request --json',
    })
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const first = tried(lines[0] ?? '')
  // Lines, where the first is whole and there are others; else the text is one value.
  if (first === undefined || lines.length < 2) return [parseJson(text, file)]
  return lines.map((line, i) => (i === 0 ? first : parseJson(line, `${file} (line ${i + 1})`)))
}

/** Whether containers nest too deep, up to the first place where the text is no JSON at least. */
const isDeep = (text: string): boolean => {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (quoted) {
      if (c === BACKSLASH) at++
      else if (c === QUOTE) quoted = false
    } else if (c === QUOTE) quoted = true
    else if (c === OPEN_ARRAY || c === OPEN_OBJECT) {
      if (++depth > DEPTH_MAX) return true
    } else if (c === CLOSE_ARRAY || c === CLOSE_OBJECT) depth = Math.max(0, depth - 1)
  }
  return false
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

const tried = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An event, or what was one: without its signature it is refused, not passed over. */
const isEvent = (value: unknown): value is Fields =>
  isFields(value) && 'kind' in value && ('sig' in value || 'content' in value)

const groupsIn = (value: unknown, file: string): Group[] => {
  if (Array.isArray(value)) return value.flatMap((one) => groupsIn(one, file))
  if (isEvent(value)) return [loose(JSON.stringify(value), file)]
  if (isFields(value)) {
    // Its fields may mean something else there.
    if ('v' in value && value['v'] !== 1)
      throw new Fault(
        'data',
        'verify.version',
        `${file} is of a form that this fedai does not know`,
        {
          hint: 'verify it with the fedai that wrote it, or a newer one',
        },
      )
    if (value['type'] === 'piece') return []
    if (value['type'] === 'history')
      return [{ file, documents: [], bundle: false, result: null, history: value }]
    if ('bundle' in value || value['type'] === 'result') return [resultIn(value, file)]
    if (Object.values(value).flat().some(isEvent))
      return [{ file, documents: membersOf(value, 'the bundle', file), bundle: true, result: null }]
  }
  throw new Fault('data', 'verify.unknown', `${file} holds something that is no signed event`, {
    hint: 'give it the result of request --json, a bundle, or events',
  })
}

const loose = (text: string, file: string): Group => ({
  file,
  documents: [{ text, name: null }],
  bundle: false,
  result: null,
})

/** A result: its bundle, and its receipt once more, which has to be the same one. */
const resultIn = (result: Fields, file: string): Group => {
  const { bundle = {}, receipt = null } = result
  if (!isFields(bundle)) throw noEvent('bundle', file)
  const inside = membersOf(bundle, 'bundle', file)
  const outside = receipt === null ? [] : membersOf({ receipt }, 'the result', file)
  const documents = [
    ...inside,
    ...outside.filter(({ text }) => !inside.some((it) => it.text === text)),
  ]
  return { file, documents, bundle: true, result }
}

/** Every document that has a name in a bundle is an event: else it would look checked and was not. */
const membersOf = (fields: Fields, where: string, file: string): Found[] =>
  Object.entries(fields).flatMap(([name, value]) => {
    const shown = /^\w{1,32}$/.test(name) ? name : 'a document'
    // Several of one kind: `invoices`.
    const all: unknown[] = Array.isArray(value) ? value : [value]
    const one = Array.isArray(value) ? shown.replace(/s$/, '') : shown
    return all.map((it): Found => {
      if (!isFields(it)) throw noEvent(`${shown} of ${where}`, file)
      return { text: JSON.stringify(it), name: one }
    })
  })

const noEvent = (what: string, file: string): Fault =>
  new Fault('data', 'verify.unknown', `${what} in ${file} is no signed event`, {
    hint: 'give it the result of request --json as it came',
  })
