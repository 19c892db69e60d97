import { type Near, closest } from '../nearest.ts'
import { KEYS, type Key, variableOf } from './schema.ts'

/**
 * The key that somebody may have meant: one that is written alike; or, where that is nearer, one whose last part is:
 * without its section, or in another one (`prefr` and `node.prefer` are `request.prefer`).
 * @param whole what may be meant as a whole
 */
export const likely = (name: string, whole: readonly string[] = KEYS): string | undefined =>
  near(name, whole)?.word

/** The variable that somebody may have meant, by the same rule: not by `FEDAI_`, which all have in common. */
export const likelyVariable = (name: string, others: readonly string[]): string | undefined => {
  const [said, ...also] = [name, ...others].map((it) => it.replace(PREFIX, '').toLowerCase())
  const section = SECTIONS.find((it) => said!.startsWith(`${it}_`))
  const key = near(section ? said!.replace('_', '.') : said!, KEYS)
  const other = closest(said!, also)
  if (!key || (other && other.distance < key.distance))
    return other && others[also.indexOf(other.word)]
  return variableOf(key.word as Key)
}

const near = (name: string, whole: readonly string[]): Near | undefined => {
  const [section, last] = [name.slice(0, -lastOf(name).length - 1), lastOf(name)]
  const isKnown = SECTIONS.includes(section)
  const written = isKnown ? inSection(section, last) : closest(name, whole)
  const found = closest(last, KEYS.map(lastOf))
  const elsewhere = found && { ...found, word: KEYS.find((key) => lastOf(key) === found.word)! }
  // Of a section with a slip in it the last part is in others, too.
  if (!written || (section !== '' && !isKnown)) return written ?? elsewhere
  return elsewhere && elsewhere.distance < written.distance ? elsewhere : written
}

/** What all keys of a section have in common makes none of them nearer. */
const inSection = (section: string, last: string): Near | undefined => {
  const keys = KEYS.filter((key) => key.startsWith(`${section}.`))
  const found = closest(last, keys.map(lastOf))
  return found && { ...found, word: `${section}.${found.word}` }
}

export const lastOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1)

/** What stands before the dot of a key. */
export const SECTIONS: readonly string[] = [
  ...new Set(KEYS.filter((key) => key.includes('.')).map((key) => key.split('.')[0]!)),
]

const PREFIX = /^FEDAI_/
