import { harmless } from '../terminal.ts'

/** Columns of a text that somebody else wrote: with its label it fits a line, so it cannot look like the next one. */
const MOST_COLUMNS = 60

/**
 * A stranger's text on one line of a terminal: without escapes, without what turns the direction of writing or
 * cannot be seen, short. A mark stands where something was taken out, so that nothing reads as if it had been whole.
 */
export const safeText = (text: string, columns = MOST_COLUMNS): string => {
  const plain = harmless(text.slice(0, MOST_CHARS).replace(/[\p{Z}\s]+/gu, ' '), MARK)
    // Cc, Cf (directions, joiners, tags), private and unassigned ones, lone surrogates; one mark for all that is adjacent.
    .replace(/[\p{C}\p{Default_Ignorable_Code_Point}\ufffd]+/gu, MARK)
    // A heap of marks on one letter paints over the lines beside it.
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .trim()
  return Bun.stringWidth(plain) <= columns ? plain : `${cut(plain, columns - 1)}…`
}

const MARK = '\ufffd'

/** JSON on one line, nothing in it that a terminal obeys; what it says is what it said. */
export const safeJson = (object: object): string =>
  JSON.stringify(object).replace(/[\u007f-\uffff]/g, (unit) =>
    UNSEEN.test(unit) ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : unit,
  )

/** Code units that steer or hide; halves of a pair among them, since tags of the astral planes are such. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/** A memo may be 639 bytes; more is not looked at. */
const MOST_CHARS = 2_000

const cut = (text: string, columns: number): string => {
  let out = ''
  let width = 0
  for (const { segment } of new Intl.Segmenter('en').segment(text)) {
    width += Bun.stringWidth(segment)
    if (width > columns) break
    out += segment
  }
  return out
}
