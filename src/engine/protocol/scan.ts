import { type Refusal, refuse } from './refusal.ts'

export type ScanRules = Readonly<{
  /** How deep arrays and objects may stand in each other; the outermost counts as 1. */
  maxDepth: number
  /** True: the rules of protocol.md, section 1. False: RFC 8259 and finite numbers, no more. */
  strict: boolean
}>

// Verdicts of the helpers below, which else return the position after what they read.
const NOT_JSON = -1
const TOO_DEEP = -2
const DUPLICATE = -3
const NOT_INTEGER = -4
const RANGE = -5
const BAD_TEXT = -6

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Reads a text as JSON (RFC 8259) without building anything, from left to right, and gives the
 * first rule that it breaks, or undefined. Keeps its own stack, so depth cannot overflow ours.
 *
 * A verdict only: the value comes from JSON.parse, which accepts all that passes here. A parser
 * of our own was refused, since then two parsers would have to agree on every value.
 */
export const scan = (text: string, rules: ScanRules): Refusal | undefined => {
  const { maxDepth, strict } = rules
  /** One per open container: the keys of an object, undefined for an array. */
  const open: (Set<string> | undefined)[] = []
  let at = skipBlanks(text, 0)
  for (;;) {
    // Here a value has to begin.
    const c = text.charCodeAt(at)
    if (c === OPEN_ARRAY || c === OPEN_OBJECT) {
      if (open.length === maxDepth) return verdict(TOO_DEEP, maxDepth)
      const keys = c === OPEN_OBJECT ? new Set<string>() : undefined
      open.push(keys)
      at = skipBlanks(text, at + 1)
      if (text.charCodeAt(at) !== (keys ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        if (keys) at = readKey(text, at, strict, keys)
        if (at < 0) return verdict(at, maxDepth)
        continue
      }
    } else {
      at = readScalar(text, at, c, strict)
      if (at < 0) return verdict(at, maxDepth)
      at = skipBlanks(text, at)
    }
    // Here a value has ended, or a container is about to.
    for (;;) {
      if (open.length === 0) return at === text.length ? undefined : verdict(NOT_JSON, maxDepth)
      const keys = open.at(-1)
      const next = text.charCodeAt(at)
      at = skipBlanks(text, at + 1)
      if (next === COMMA) {
        if (keys) at = readKey(text, at, strict, keys)
        if (at < 0) return verdict(at, maxDepth)
        break
      }
      if (next !== (keys ? CLOSE_OBJECT : CLOSE_ARRAY)) return verdict(NOT_JSON, maxDepth)
      open.pop()
    }
  }
}

/** A key, its colon, and the blanks around both: the position of the value, or a verdict. */
const readKey = (text: string, from: number, strict: boolean, keys: Set<string>): number => {
  if (text.charCodeAt(from) !== QUOTE) return NOT_JSON
  const end = readString(text, from + 1, strict)
  if (end < 0) return end
  const colon = skipBlanks(text, end)
  if (text.charCodeAt(colon) !== COLON) return NOT_JSON
  if (strict) {
    const raw = text.slice(from + 1, end - 1)
    // "a" and "\u0061" are one key: compared as they read, not as they are written.
    const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
    if (keys.has(key)) return DUPLICATE
    keys.add(key)
  }
  return skipBlanks(text, colon + 1)
}

const readScalar = (text: string, at: number, first: number, strict: boolean): number => {
  if (first === QUOTE) return readString(text, at + 1, strict)
  if (first === 0x2d || (first >= 0x30 && first <= 0x39)) return readNumber(text, at, strict)
  for (const word of ['true', 'false', 'null'])
    if (text.startsWith(word, at)) return at + word.length
  return NOT_JSON
}

/** From after the opening quote to after the closing one. */
const readString = (text: string, from: number, strict: boolean): number => {
  let at = from
  for (;;) {
    const c = text.charCodeAt(at)
    if (c === QUOTE) return at + 1
    if (c === BACKSLASH) {
      at = readEscape(text, at + 1, strict)
      if (at < 0) return at
    } else if (c >= 0x20) at++
    else return c < 0x20 && strict ? BAD_TEXT : NOT_JSON // neither: NaN, the text has ended
  }
}

/** From after the backslash to after the escape, or both escapes of a surrogate pair. */
const readEscape = (text: string, at: number, strict: boolean): number => {
  const letter = text.charAt(at)
  if (letter !== 'u') return letter !== '' && '"\\/bfnrt'.includes(letter) ? at + 1 : NOT_JSON
  const unit = hexUnit(text, at + 1)
  if (unit < 0) return NOT_JSON
  const end = at + 5
  if (!strict) return end
  // NIP-01 knows escapes for \b \t \n \f \r alone; others hash differently in each library.
  if (unit < 0x20) return ESCAPED_CONTROLS.has(unit) ? end : BAD_TEXT
  if (unit < 0xd800 || unit > 0xdfff) return end
  const low = text.startsWith('\\u', end) ? hexUnit(text, end + 2) : -1
  return unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff ? end + 6 : BAD_TEXT
}

const ESCAPED_CONTROLS: ReadonlySet<number> = new Set([0x08, 0x09, 0x0a, 0x0c, 0x0d])

const hexUnit = (text: string, at: number): number => {
  const digits = text.slice(at, at + 4)
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y

const readNumber = (text: string, at: number, strict: boolean): number => {
  NUMBER.lastIndex = at
  const match = NUMBER.exec(text)
  if (!match) return NOT_JSON
  const [token, fraction, exponent] = match
  if (strict) {
    if (fraction !== undefined || exponent !== undefined || token === '-0') return NOT_INTEGER
    if (!Number.isSafeInteger(Number(token))) return RANGE
  } else if (!Number.isFinite(Number(token))) return RANGE
  return at + token.length
}

const skipBlanks = (text: string, from: number): number => {
  let at = from
  for (;;) {
    const c = text.charCodeAt(at)
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return at
    at++
  }
}

const verdict = (code: number, maxDepth: number): Refusal => {
  if (code === TOO_DEEP) return refuse('event.too_deep', `nested deeper than ${maxDepth}`)
  if (code === DUPLICATE) return refuse('event.duplicate_key', 'a key stands twice in one object')
  if (code === NOT_INTEGER) return refuse('event.not_integer', 'a number is not a plain integer')
  if (code === RANGE) return refuse('event.integer_range', 'a number is out of range')
  if (code === BAD_TEXT)
    return refuse('event.bad_text', 'a lone surrogate, or a control character without an escape')
  return refuse('event.not_json', 'the text is not JSON')
}
