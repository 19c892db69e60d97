/** Where a text stops being JSON, and what stands there. Lines and columns count from 1. */
export type JsonTrouble = Readonly<{ line: number; column: number; what: string }>

// JSON.parse of JavaScriptCore names no position, so it is found by reading the tokens once more.
const TOKEN =
  // eslint-disable-next-line no-control-regex
  /[ \t\r\n]*(?:([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null))/y

type Expect = 'value' | 'value or ]' | 'key or }' | 'key' | ':' | ', or }' | ', or ]' | 'end'

/** The first place where `text` is no JSON. Call it only for a text that JSON.parse has refused. */
export const jsonTrouble = (text: string): JsonTrouble => {
  const open: ('{' | '[')[] = []
  let expect: Expect = 'value'
  let at = 0
  for (;;) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    const next: Expect | undefined = match ? step(expect, match, open) : undefined
    if (next === undefined) return place(text, at, expect)
    expect = next
    at = TOKEN.lastIndex
  }
}

// In a text that is JSON a string before a colon is a key, wherever it stands.
const KEY = /"([^"\\]*(?:\\[^][^"\\]*)*)"([ \t\r\n]*:)?|[{}]/g

/** The first key that an object has twice, in a text that JSON.parse has accepted. */
export const doubledKey = (text: string): string | undefined => {
  const open: Set<string>[] = []
  for (const [mark, inside, colon] of text.matchAll(KEY)) {
    if (mark === '{') open.push(new Set())
    else if (mark === '}') open.pop()
    if (colon === undefined) continue
    // One key can be written in two ways: \u0061 is a.
    const key = inside!.includes('\\') ? String(JSON.parse(`"${inside}"`)) : inside!
    if (open.at(-1)!.has(key)) return key
    open.at(-1)!.add(key)
  }
  return undefined
}

const afterValue = (open: readonly string[]): Expect => {
  const inside = open.at(-1)
  return inside === '{' ? ', or }' : inside === '[' ? ', or ]' : 'end'
}

// One token against what may come here: what may come next, or undefined where it may not.
const step = (expect: Expect, match: RegExpExecArray, open: ('{' | '[')[]): Expect | undefined => {
  const [, mark, string, scalar] = match
  const value = expect === 'value' || expect === 'value or ]'
  if (mark === '{' || mark === '[') {
    if (!value) return undefined
    open.push(mark)
    return mark === '{' ? 'key or }' : 'value or ]'
  }
  if (mark === '}' || mark === ']') {
    if (!expect.endsWith(`or ${mark}`)) return undefined
    open.pop()
    return afterValue(open)
  }
  if (mark === ',') return expect === ', or }' ? 'key' : expect === ', or ]' ? 'value' : undefined
  if (mark === ':') return expect === ':' ? 'value' : undefined
  if (string !== undefined && (expect === 'key' || expect === 'key or }')) return ':'
  return value && (string ?? scalar) !== undefined ? afterValue(open) : undefined
}

const place = (text: string, from: number, expect: Expect): JsonTrouble => {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++
  const before = text.slice(0, at)
  const line = before.split('\n').length
  const column = at - before.lastIndexOf('\n')
  const found = at >= text.length ? 'the text ends' : `found ${JSON.stringify(text[at])}`
  return { line, column, what: `${found} where ${wanted[expect]} should be` }
}

const wanted: Readonly<Record<Expect, string>> = {
  value: 'a value',
  'value or ]': 'a value or ]',
  'key or }': 'a key in quotes or }',
  key: 'a key in quotes',
  ':': 'a colon',
  ', or }': 'a comma or }',
  ', or ]': 'a comma or ]',
  end: 'nothing more',
}
