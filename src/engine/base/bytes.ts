const encoder = new TextEncoder()

/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** Number of UTF-8 bytes of a text. */
export const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8')

/** The text of UTF-8 bytes; throws TypeError on anything that is not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

export const toHex = (bytes: Uint8Array): string => bytes.toHex()

/** Bytes of a hex text; throws SyntaxError on anything else. */
export const fromHex = (hex: string): Uint8Array => Uint8Array.fromHex(hex)

export const concat = (...parts: Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

export const sha256 = (bytes: Uint8Array | string): Uint8Array =>
  plain(new Bun.CryptoHasher('sha256').update(bytes).digest())

/** SHA-256 as hex: without bytes in between, which cost as much again. */
export const sha256Hex = (of: string | Uint8Array): string => Bun.SHA256.hash(of, 'hex')

/** HMAC-SHA-256 (RFC 2104). */
export const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array => {
  const hasher = new Bun.CryptoHasher('sha256', key)
  for (const part of parts) hasher.update(part)
  return plain(hasher.digest())
}

// Bun digests into a Buffer, whose `slice` is a view and not a copy, as that of a Uint8Array is.
const plain = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length)
