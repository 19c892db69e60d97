/**
 * The words of a text, in lower case. Scripts that put no space between words give their
 * pairs of letters instead. Not Intl.Segmenter: its dictionaries change with the ICU version,
 * and these tasks promise the same output everywhere.
 */
export const wordsOf = (text: string): string[] => {
  const words: string[] = []
  for (const run of text.toLowerCase().match(WORD) ?? []) {
    if (!UNSPACED.test(run)) words.push(run)
    else if (run.length < 3) words.push(run)
    else for (let i = 0; i + 1 < run.length; i++) words.push(run.slice(i, i + 2))
  }
  return words
}

const WORD = /[\p{L}\p{M}\p{N}]+/gu
const UNSPACED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]/

/** One sentence and where it stands: UTF-16 offsets, the end excluded. */
export type Sentence = Readonly<{ text: string; start: number; end: number }>

/** The sentences of a text, at most `limit`; what is longer than a paragraph should be is cut. */
export const sentencesOf = (text: string, limit: number): Sentence[] => {
  const sentences: Sentence[] = []
  let start = 0
  for (const match of text.matchAll(END)) {
    if (sentences.length >= limit) return sentences
    const end = match.index + (match[1] ?? match[2] ?? '').length
    if (match[1] !== undefined && isAbbreviation(text, match.index)) continue
    push(sentences, text, start, end)
    start = match.index + match[0].length
  }
  if (sentences.length < limit) push(sentences, text, start, text.length)
  return sentences.slice(0, limit)
}

// Either a full stop with what closes it, or an empty line (a heading, a list) without one.
const END =
  /(?<![.!?\u2026])([.!?\u2026]+["'\u201d\u2019\u00bb)\]]*)(?:\s+|$)|([\u3002\uff01\uff1f]+[\u300d\u300f]?)\s*|\n[ \t]*\n\s*/gu

const ABBREVIATIONS = new Set(
  'mr mrs ms dr prof st vs etc e.g i.e approx no fig vol al inc ltd co jr sr bzw usw z.b d.h ca nr p.ex'.split(
    ' ',
  ),
)

const isAbbreviation = (text: string, stop: number): boolean => {
  if (text[stop] !== '.') return false
  const word = /\S*$/.exec(text.slice(Math.max(0, stop - 12), stop))![0].toLowerCase()
  return ABBREVIATIONS.has(word.replace(/^[("'\u201c]+/, '')) || /^\p{L}$/u.test(word)
}

const SENTENCE_CHARS = 1000

const push = (into: Sentence[], text: string, from: number, to: number): void => {
  for (let start = from; start < to;) {
    const room = start + SENTENCE_CHARS
    const space = to > room ? text.lastIndexOf(' ', room) : to
    const end = space > start ? space : Math.min(room, to)
    const trimmed = trim(text, start, end)
    if (trimmed) into.push(trimmed)
    start = end
  }
}

const trim = (text: string, start: number, end: number): Sentence | undefined => {
  const raw = text.slice(start, end)
  const inner = raw.trim()
  if (inner === '') return undefined
  const at = start + raw.indexOf(inner)
  return { text: inner, start: at, end: at + inner.length }
}
