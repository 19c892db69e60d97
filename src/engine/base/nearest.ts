/** The nearest of some words by edit distance, where one is near enough to have been meant. */
export const nearest = (word: string, words: readonly string[]): string | undefined => {
  const scored = words
    .map((it) => ({ it, distance: distance(word, it), length: Math.max(word.length, it.length) }))
    .filter(({ distance: d, length }) => d <= Math.max(1, Math.floor(length * 0.4)))
  return scored.toSorted((a, b) => a.distance - b.distance)[0]?.it
}

// Damerau–Levenshtein (optimal string alignment): swapped neighbours count as one slip.
const distance = (a: string, b: string): number => {
  if (Math.max(a.length, b.length) > 100) return Infinity
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
