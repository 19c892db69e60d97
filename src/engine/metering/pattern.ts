/**
 * Whether a name matches a pattern in which `*` stands for any run of characters, none
 * included. Case counts; nothing but `*` is special.
 *
 * The leftmost place of each fixed part is always good enough, so one walk from left to
 * right decides. Refused: a RegExp built from the pattern, which a stranger could make
 * backtrack for minutes.
 */
export const matches = (pattern: string, name: string): boolean => {
  const parts = pattern.split('*')
  const first = parts[0]!
  const last = parts.at(-1)!
  if (parts.length === 1) return pattern === name
  if (name.length < first.length + last.length) return false
  if (!name.startsWith(first) || !name.endsWith(last)) return false
  let from = first.length
  const end = name.length - last.length
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from)
    if (at < 0 || at + part.length > end) return false
    from = at + part.length
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
