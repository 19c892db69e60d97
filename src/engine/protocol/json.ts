import { BOUNDS } from '../base/bounds.ts'
import { fromUtf8, utf8Length } from '../base/bytes.ts'
import { type Refusal, refuse } from './refusal.ts'
import { scan } from './scan.ts'

type Parsed = Readonly<{ value: unknown }>

/**
 * Parses a text under the rules for bytes (protocol.md, section 1, rule 1): size, nesting, no
 * duplicate keys, integers only and inside ±(2^53 − 1), no lone surrogates, no control characters
 * but those that NIP-01 escapes. How it is spaced and escaped is the writer's affair.
 *
 * @param options.maxDepth how deep containers may nest; the outermost counts as 1
 * @param options.maxBytes most UTF-8 bytes, counted before anything is parsed
 * @returns the value (a key `__proto__` is an own property of it, nothing more), or the first
 *   refusal, reading from left to right
 */
export const parseStrict = (
  text: string,
  options: { maxDepth: number; maxBytes?: number },
): Parsed | Refusal => {
  const { maxDepth, maxBytes = BOUNDS.eventBytes } = options
  if (isLonger(text, maxBytes)) return tooLarge(maxBytes)
  const quick = parseCompact(text, maxDepth)
  if (quick) return quick
  if (!text.isWellFormed()) return refuse('event.bad_text', 'a lone surrogate')
  return scan(text, { maxDepth, strict: true }) ?? { value: JSON.parse(text) }
}

/**
 * Parses what was sealed: ordinary JSON (RFC 8259; the last of two equal keys counts) with finite
 * numbers. Safe on any nesting: depth is counted before JSON.parse sees the text.
 *
 * @param options.maxBytes most UTF-8 bytes; without it the caller has bounded the text already
 */
export const parseSealed = (
  text: string,
  options: { maxBytes?: number } = {},
): Parsed | Refusal => {
  const { maxBytes } = options
  if (maxBytes !== undefined && isLonger(text, maxBytes)) return tooLarge(maxBytes)
  const refusal = scan(text, { maxDepth: BOUNDS.sealedJsonDepth, strict: false })
  return refusal ?? { value: JSON.parse(text) }
}

/** The text of bytes that arrived: at most `maxBytes`, counted first, and UTF-8 (RFC 3629). */
export const decodeText = (
  bytes: Uint8Array,
  maxBytes: number = BOUNDS.eventBytes,
): Readonly<{ text: string }> | Refusal => {
  if (bytes.length > maxBytes) return tooLarge(maxBytes)
  try {
    return { text: fromUtf8(bytes) }
  } catch {
    return refuse('event.not_utf8', 'the bytes are not UTF-8')
  }
}

/** A text as it stands within a string of JSON: what JSON.stringify writes between the quotes. */
export const quotedText = (text: string): string => JSON.stringify(text).slice(1, -1)

export const tooLarge = (maxBytes: number): Refusal =>
  refuse('event.too_large', `longer than ${maxBytes} bytes`)

// A UTF-16 unit takes 1 to 3 bytes of UTF-8: most texts need no counting.
export const isLonger = (text: string, maxBytes: number): boolean =>
  text.length > maxBytes || (text.length * 3 > maxBytes && utf8Length(text) > maxBytes)

/**
 * The fast path: what JSON.stringify would have written just so. Being written again without
 * change excludes duplicate keys, -0, 1.0, 1e3 and blanks; any `\u` is left to the scanner, and
 * with it control characters and surrogates; fractions, size of numbers and depth are looked at.
 * It only ever accepts: every refusal is the scanner's (json.test.ts holds the two together).
 */
const parseCompact = (text: string, maxDepth: number): Parsed | undefined => {
  if (text.includes('\\u')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isPlain(value, maxDepth) && JSON.stringify(value) === text ? { value } : undefined
  } catch {
    return undefined
  }
}

const isPlain = (value: unknown, depthLeft: number): boolean => {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value !== 'object' || value === null) return true
  if (depthLeft === 0) return false
  if (Array.isArray(value)) {
    for (const child of value)
      if (typeof child !== 'string' && !isPlain(child, depthLeft - 1)) return false
    return true
  }
  // By name, since a list of the values costs more than the look at them.
  const its = value as Record<string, unknown>
  for (const name in its) {
    const child = its[name]
    if (typeof child !== 'string' && !isPlain(child, depthLeft - 1)) return false
  }
  return true
}
