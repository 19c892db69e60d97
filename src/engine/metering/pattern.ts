/**
 * Whether a name matches a pattern in which `*` stands for any run of characters, none
 * included. Case counts; nothing but `*` is special.
 *
 * The leftmost place of each fixed part is always good enough, so one walk from left to
 * right decides, and ends at the first part that is not there. Refused: a RegExp built from
 * the pattern, which a stranger could make backtrack for minutes; and to take all of it apart
 * first, which its twenty patterns of stars make a router do for each of its tickets.
 */
export const matches = (pattern: string, name: string): boolean => {
  const first = pattern.indexOf('*')
  if (first < 0) return pattern === name
  const last = pattern.lastIndexOf('*')
  const end = name.length - (pattern.length - last - 1)
  if (first > end) return false
  if (!name.startsWith(pattern.slice(0, first)) || !name.endsWith(pattern.slice(last + 1)))
    return false
  let from = first
  for (let at = first + 1; at <= last;) {
    const star = pattern.indexOf('*', at)
    const part = pattern.slice(at, star)
    const found = name.indexOf(part, from)
    if (found < 0 || found + part.length > end) return false
    from = found + part.length
    at = star + 1
  }
  return true
}

/**
 * Whether an offered task (`text.chat@1`) is what was asked for: the same name and version,
 * or the same name where the one who asked left the version open (`text.chat`).
 */
export const taskMatches = (asked: string, offered: string): boolean =>
  asked === offered ||
  (!asked.includes('@') && offered.startsWith(asked) && offered[asked.length] === '@')
