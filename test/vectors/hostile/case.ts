import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import type { KindName } from '../../../src/engine/protocol/kinds.ts'
import type { RefusalCode } from '../../../src/engine/protocol/refusal.ts'
import { NODE, NOW_SEC, SAMPLES, altered, sample } from '../samples.ts'

/** What arrives: a text, bytes, or a long text in short: `before`, `unit` × `times`, `after`. */
type Arrival =
  | { text: string }
  | { base64: string }
  | { before: string; unit: string; times: number; after: string }

export type Hostile = Arrival & {
  code: RefusalCode
  note: string
  /** The reader's clock in ms, where it is not that of context.json. */
  now?: number
  /** When the reader began, in ms, where it is not that of context.json. */
  started_at?: number
  /** What the reader admitted before. */
  first?: string
}

export const base = sample('cancel')
export const TEXT = eventText(base)

/** The valid text with one place changed; a place that is not there is a mistake of ours. */
export const edit = (from: string, to: string, text: string = TEXT): string => {
  if (!text.includes(from)) throw new Error(`${from} is not in ${text}`)
  return text.replace(from, () => to)
}

export type Row = readonly [note: string, text: string]
export const all = (code: RefusalCode, rows: readonly Row[]): Hostile[] =>
  rows.map(([note, text]) => ({ code, note, text }))

export const CREATED = `"created_at":${NOW_SEC}`
export const KIND = '"kind":26427'
/** A place for a field that no rule knows, so that only its value can be wrong. */
export const extra = (json: string): string => edit(CREATED, `"x":${json},${CREATED}`)
export const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

export const tagged = (name: KindName, more: string[][], drop?: string, by?: typeof NODE): Signed =>
  altered(
    name,
    { tags: [...SAMPLES[name].draft.tags.filter((tag) => tag[0] !== drop), ...more] },
    by,
  )

export const flipLast = (hex: string): string =>
  hex.slice(0, -1) + (Number.parseInt(hex.slice(-1), 16) ^ 1).toString(16)

/** A message as text, its tags changed as `tagged` says. */
export const taggedText = (...args: Parameters<typeof tagged>): string => eventText(tagged(...args))
