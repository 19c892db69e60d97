/**
 * The texts of the elements of a JSON array (NIP-01 messages), each exactly as it stood there: an
 * event is forwarded as it came, byte for byte. Finds where elements end and checks nothing else:
 * whoever uses an element parses it. Undefined where the text is no array of 1 to `most` elements.
 */
export const elementsOf = (text: string, most: number): string[] | undefined => {
  const whole = trimmed(text)
  if (whole.length < 3 || whole[0] !== '[' || whole.at(-1) !== ']') return undefined
  const elements: string[] = []
  let depth = 0
  let from = 1
  for (let i = 1; i < whole.length - 1; i++) {
    const code = whole.charCodeAt(i)
    if (code === QUOTE) {
      i = endOfString(whole, i)
      if (i < 0) return undefined
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--
    else if (code === COMMA && depth === 0) {
      elements.push(trimmed(whole.slice(from, i)))
      from = i + 1
    }
    if (depth < 0 || elements.length >= most) return undefined
  }
  elements.push(trimmed(whole.slice(from, -1)))
  return depth === 0 ? elements : undefined
}

/** The value of a JSON text, or undefined where it is none. */
export const valueOf = (text: string | undefined): unknown => {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The string that a JSON text is, or undefined. */
export const stringOf = (text: string | undefined): string | undefined => {
  const value = valueOf(text)
  return typeof value === 'string' ? value : undefined
}

/** The event in `["EVENT",{…}]` or `["EVENT","sub",{…}]` as almost everybody writes it, else undefined. */
export const eventIn = (text: string, prefix: string): string | undefined =>
  text.startsWith(prefix) && text[prefix.length] === '{' && text.endsWith('}]')
    ? text.slice(prefix.length, -1)
    : undefined

/** Without the blanks of JSON at its ends. `trim()` would take a byte order mark, too, which is no JSON. */
const trimmed = (text: string): string => {
  let [from, to] = [0, text.length]
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

const isBlank = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

const QUOTE = 34
const COMMA = 44
const BACKSLASH = 92
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

const endOfString = (text: string, from: number): number => {
  for (let i = text.indexOf('"', from + 1); i >= 0; i = text.indexOf('"', i + 1)) {
    let backslashes = 0
    while (text.charCodeAt(i - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return i
  }
  return -1
}
