/** Where something stands in a text; lines and columns count from 1, as editors do. */
export type Place = Readonly<{ line: number; column: number }>

/**
 * Where each key and each table stands in a text that is TOML (a parser has said so): no parser of
 * JavaScript tells that of keys. Keys inside an inline table have the place of the table's own key.
 */
export const placesIn = (text: string): ReadonlyMap<string, Place> => {
  const places = new Map<string, Place>()
  let table = ''
  let at = 0
  // Counted on from statement to statement: counting from the top each time is quadratic.
  let line = 1
  let counted = 0
  for (;;) {
    BLANK.lastIndex = at
    at += BLANK.exec(text)![0].length
    if (at >= text.length) return places
    line += text.slice(counted, at).split('\n').length - 1
    counted = at
    const place = { line, column: at - text.lastIndexOf('\n', at - 1) }
    const isTable = text[at] === '['
    if (isTable) at += text.startsWith('[[', at) ? 2 : 1
    const { names, end } = keyAt(text, at)
    const key = names.join('.')
    if (isTable) table = `${key}.`
    const whole = isTable ? key : table + key
    // The first place of an array of tables, or of a table that others extend, is where to look.
    if (!places.has(whole)) places.set(whole, place)
    at = valueEnd(text, end)
  }
}

/** The place of a key, or of the nearest table around it. */
export const nearestPlace = (places: ReadonlyMap<string, Place>, key: string): Place => {
  for (let name = key; ; name = name.slice(0, name.lastIndexOf('.'))) {
    const place = places.get(name)
    if (place) return place
    if (!name.includes('.')) return { line: 1, column: 1 }
  }
}

const BLANK = /(?:[\ufeff \t\r\n]|#[^\n]*)*/y
const PART = /[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*(\.?)/y

const keyAt = (text: string, from: number): { names: string[]; end: number } => {
  const names: string[] = []
  let end = from
  for (;;) {
    PART.lastIndex = end
    const match = PART.exec(text)
    if (!match) return { names, end }
    const [whole, basic, literal, bare, dot] = match
    // Escapes are shown as they are written: such a key is in no table of ours.
    names.push(basic ?? literal ?? bare!)
    end += whole.length
    if (dot === '') return { names, end }
  }
}

// Strings, the multi-line ones first; comments; brackets; the end of a line; anything else.
const TOKEN =
  /"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[[\]{}]|\n|[^"'#[\]{}\n]+|["']/y

/** The end of the statement whose key ends at `from`: the line end that is in no bracket. */
const valueEnd = (text: string, from: number): number => {
  // The closing brackets of a table's name are none of a value.
  let depth = 0
  let at = from
  while (at < text.length) {
    TOKEN.lastIndex = at
    const [token] = TOKEN.exec(text)!
    at += token.length
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth = Math.max(0, depth - 1)
    else if (token === '\n' && depth === 0) return at
  }
  return at
}
