/**
 * Numbers and bytes in words of 5 bits, as bech32 carries them (BIP 173). Ranges are given by `from`
 * and `to`, so that a reader copies nothing.
 */
export type Words = ArrayLike<number>

/** The bytes of a range; null where bits are left over that are not zero, or a whole word of them. */
export const bytesOf = (words: Words, from: number, to: number): Uint8Array | null => {
  const left = ((to - from) * 5) % 8
  if (left > 4) return null
  if (left > 0 && (words[to - 1]! & ((1 << left) - 1)) !== 0) return null
  return pack(words, from, to, Math.floor)
}

/** The bytes of a range, filled up with zeros: what is signed. */
export const paddedBytesOf = (words: Words, from: number, to: number): Uint8Array =>
  pack(words, from, to, Math.ceil)

/** A number, most significant word first; null above 2^53 − 1. */
export const numberOf = (words: Words, from: number, to: number): number | null => {
  let n = 0
  for (let i = from; i < to; i++) {
    n = n * 32 + words[i]!
    if (n > Number.MAX_SAFE_INTEGER) return null
  }
  return n
}

/** The words of bytes, the last one filled up with zeros. */
export const wordsOfBytes = (bytes: Uint8Array): number[] => {
  const words: number[] = []
  let [buffer, bits] = [0, 0]
  for (const byte of bytes) {
    buffer = ((buffer & 0x1f) << 8) | byte
    for (bits += 8; bits >= 5;) words.push((buffer >> (bits -= 5)) & 31)
  }
  if (bits > 0) words.push((buffer << (5 - bits)) & 31)
  return words
}

/**
 * The words of a number: as many as asked for, else as few as it takes, which for 0 is none.
 * @throws RangeError for what is no number from 0 to 2^53 − 1
 */
export const wordsOfNumber = (n: number, length = 0): number[] => {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} is no number for an invoice`)
  const words: number[] = []
  for (let rest = n; rest > 0 || words.length < length; rest = Math.floor(rest / 32))
    words.unshift(rest % 32)
  return words
}

const pack = (words: Words, from: number, to: number, round: (n: number) => number): Uint8Array => {
  const bytes = new Uint8Array(round(((to - from) * 5) / 8))
  let [buffer, bits, at] = [0, 0, 0]
  for (let i = from; i < to; i++) {
    buffer = ((buffer & 0x7f) << 5) | words[i]!
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = buffer >> bits
  }
  if (at < bytes.length) bytes[at] = buffer << (8 - bits)
  return bytes
}
