/** A word that may have been meant, and how many slips it is away. */
export type Near = Readonly<{ word: string; distance: number }>

/** The nearest of some words by edit distance, where one is near enough to have been meant. */
export const nearest = (word: string, words: readonly string[]): string | undefined =>
  closest(word, words)?.word

/** The same with its distance. Of equally near ones that which begins alike for longer, then the first. */
export const closest = (word: string, words: readonly string[]): Near | undefined => {
  let found: (Near & { alike: number }) | undefined
  for (const it of words) {
    const near = { word: it, distance: distance(word, it), alike: alike(word, it) }
    if (near.distance > mostSlips(Math.max(word.length, it.length))) continue
    const isNearer =
      !found ||
      near.distance < found.distance ||
      (near.distance === found.distance && near.alike > found.alike)
    if (isNearer) found = near
  }
  return found && { word: found.word, distance: found.distance }
}

/** Four letters in ten; more than three slips make another word, as commander has it for flags. */
const mostSlips = (length: number): number => Math.min(3, Math.max(1, Math.floor(length * 0.4)))

/** How many letters both begin with. */
const alike = (a: string, b: string): number => {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return i
}

// Damerau–Levenshtein (optimal string alignment): swapped neighbours count as one slip.
const distance = (a: string, b: string): number => {
  if (Math.abs(a.length - b.length) > 3 || Math.max(a.length, b.length) > 100) return Infinity
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, rows[i - 2]![j - 2]! + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
