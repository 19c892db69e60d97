/** A text in parts of at most `most` UTF-16 units; never half a surrogate pair, which has no UTF-8. */
export const partsOf = (text: string, most: number): string[] => {
  const parts: string[] = []
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + most)
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1]!)) end--
    parts.push(text.slice(start, end))
    start = end
  }
  return parts
}
