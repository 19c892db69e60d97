/** Text as a man page (man(7), read by groff and mandoc) needs it. */

/**
 * Text that is shown as it is: a hyphen that can be copied, no escapes, no quotes made curly, and
 * nothing at the start of a line that would be a request.
 */
export const plain = (text: string): string =>
  text
    .replace(/\\/g, '\\e')
    .replace(/[-'`^~"]/g, (c) => SAFE[c]!)
    .replace(
      /\P{ASCII}/gu,
      (c) => `\\[u${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^\./gm, '\\&.')

export const bold = (text: string): string => `\\fB${plain(text)}\\fR`
export const italic = (text: string): string => `\\fI${plain(text)}\\fR`

/** A word as the argument of a macro: spaces stay inside. */
export const argument = (text: string): string => `"${plain(text)}"`

/** The first line: title, chapter, whose it is. No date, so that the same sources give the same page. */
export const title = (name: string, chapter: number, version: string, volume: string): string =>
  [
    '.TH',
    argument(name.toUpperCase()),
    chapter,
    '""',
    argument(`fedai ${version}`),
    argument(volume),
  ].join(' ')

/** A heading and what is under it; nothing where nothing is. */
export const section = (name: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`.SH ${argument(name)}`, ...lines]

/** Terms, each with its text indented below it. Terms are roff already, texts are not. */
export const terms = (all: readonly (readonly [term: string, text: string])[]): string[] =>
  all.flatMap(([term, text]) => ['.TP', term, ...plain(text).split('\n')])

/** Lines that are not filled: examples. */
export const verbatim = (lines: readonly string[]): string[] => [
  '.nf',
  '.RS 4',
  // An empty line would be a paragraph.
  ...lines.map((line) => plain(line) || '.sp'),
  '.RE',
  '.fi',
]

const SAFE: Readonly<Record<string, string>> = {
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
}
