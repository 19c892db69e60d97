/** What a rune is: 32 bytes of proof, and its restrictions. */
export const runeOf = (restrictions: readonly (readonly string[])[]): string => {
  const text = ['=7', ...restrictions.map((it) => it.join('|'))].join('&')
  const bytes = new Uint8Array([...new Uint8Array(32).fill(9), ...new TextEncoder().encode(text)])
  return bytes.toBase64({ alphabet: 'base64url' })
}
