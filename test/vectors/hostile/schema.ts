import { eventText } from '../../../src/engine/protocol/event.ts'
import type { KindName } from '../../../src/engine/protocol/kinds.ts'
import { SAMPLES, altered } from '../samples.ts'
import { type Hostile, type Row, all } from './case.ts'

type Json = null | boolean | number | string | Json[] | { [field: string]: Json }
type Change = readonly [note: string, value: Json | undefined]

/** Rule 6, field by field: each field of each kind is left out, of another type, and out of its range. */
export const schema = (): Hostile[] =>
  all(
    'event.bad_content',
    Object.keys(SAMPLES).flatMap((kind) => rowsOf(kind as KindName)),
  )

const rowsOf = (kind: KindName): Row[] => {
  const content = JSON.parse(SAMPLES[kind].draft.content) as Json
  // A rewrap is a job and one field more.
  const paths = pathsOf(content).filter(([first]) => kind !== 'rewrap' || first === 'from')
  return paths.flatMap((path) =>
    changesOf(`${kind} ${path.join('.')}`, path, at(content, path)).map(([note, value]): Row => [
      `${kind}: ${path.join('.')} ${note}`,
      eventText(altered(kind, { content: JSON.stringify(put(content, path, value)) })),
    ]),
  )
}

/** A path to every field; of lists to their first element. An event inside another one is one field. */
const pathsOf = (value: Json): string[][] => {
  if (Array.isArray(value)) {
    const [first] = value
    return first === undefined ? [] : [['0'], ...pathsOf(first).map((path) => ['0', ...path])]
  }
  if (value === null || typeof value !== 'object') return []
  if ('sig' in value) return [['kind'], ['sig']]
  return Object.entries(value).flatMap(([field, inner]) => [
    [field],
    ...pathsOf(inner).map((path) => [field, ...path]),
  ])
}

const changesOf = (name: string, path: readonly string[], value: Json): Change[] => {
  const isElement = path.at(-1) === '0'
  const missing: Change[] = isElement || OPTIONAL.test(name) ? [] : [['is missing', undefined]]
  const types = NULLABLE.test(name) ? [] : typesOf(value)
  return [...missing, ...types, ...rangesOf(name, value)]
}

/** What the field is not, whatever its range is. */
const typesOf = (value: Json): Change[] => {
  if (typeof value === 'string') return [['is a number', 7]]
  if (typeof value === 'number') return [['is a text', '7']]
  if (typeof value === 'boolean') return [['is a text', String(value)]]
  if (value === null) return [['is an empty object', {}]]
  return Array.isArray(value) ? [['is an object', {}]] : [['is null', null]]
}

const rangesOf = (name: string, value: Json): Change[] => {
  if (typeof value === 'number')
    return [
      ['is negative', -1],
      ['is 2^53', 2 ** 53],
    ]
  if (typeof value !== 'string') return []
  if (/^[0-9a-f]{32,128}$/.test(value)) return [['is in upper case', 'A' + value.slice(1)]]
  if (AMOUNT.test(name)) return [['is a fraction', '1.5']]
  if (FREE.test(name)) return []
  return WORD.test(name)
    ? [['is an unknown word', 'other']]
    : [['has a control character', `${value}\u007f`]]
}

const at = (value: Json, path: readonly string[]): Json =>
  path.reduce((inner, field) => (inner as Record<string, Json>)[field]!, value)

const put = (value: Json, path: readonly string[], to: Json | undefined): Json => {
  const [field, ...rest] = path
  if (field === undefined) return to as Json
  if (Array.isArray(value)) return [put(value[0]!, rest, to), ...value.slice(1)]
  const inner = value as Record<string, Json>
  return { ...inner, [field]: rest.length === 0 ? (to as Json) : put(inner[field]!, rest, to) }
}

/** Fields that may be absent, by docs/protocol.md, section 2; units that are absent are 0. */
const OPTIONAL =
  /^manifest (name|limits\.\w+)$|^sheet pay$|^ticket .*model\.(family|quant|digest|ctx)$|(rates|usage|max)\.\w+$/
/** Objects that may be null. */
const NULLABLE = /^fund hold$|^proof paid$/
/** Amounts of msat. */
const AMOUNT =
  /(msat|paid|used|reserved|received|cap|cost|ceiling|minimum|surcharge|fee|rates\.\w+)$/
/** Fields that have a few words. */
const WORD =
  /(fund for|role|status|class|timing|timings\.0|load|counted_by|finish|verdict|seen|side|reason|ack\w* reason)$/
/** Texts that may have any characters. */
const FREE = /(doors\.0|offers entries\.0\.reason|wrap\.ct)$/
