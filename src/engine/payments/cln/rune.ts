/**
 * Whether a rune lets somebody spend, by what stands in it: 32 bytes of proof and its restrictions, all of which
 * hold (`&`), each of alternatives (`|`). Nobody can take one away without the node's secret.
 *
 * @returns null where it cannot be read
 */
export const canSpend = (rune: string): boolean | null => {
  const restrictions = restrictionsIn(rune)
  if (restrictions === null) return null
  return !restrictions.some((it) => it.split('|').every(isHarmless))
}

const PROOF_BYTES = 32

const restrictionsIn = (rune: string): readonly string[] | null => {
  try {
    const bytes = Uint8Array.fromBase64(rune, { alphabet: 'base64url' })
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(PROOF_BYTES))
    // Its number comes first. A backslash would quote what else separates; no method has one.
    return /^=\d+/.test(text) && !text.includes('\\') ? text.split('&').slice(1) : null
  } catch {
    return null
  }
}

/** What takes no money out. Anything else is taken to: what a later node adds, too. */
const isHarmless = (alternative: string): boolean => {
  const [, operator, method = ''] = /^method([=^])(.*)$/.exec(alternative) ?? []
  if (operator === '=') return HARMLESS.has(method) || /^(list|get)/.test(method)
  return operator === '^' && /^(list|get)/.test(method)
}

const HARMLESS: ReadonlySet<string> = new Set([
  'invoice',
  'waitinvoice',
  'waitanyinvoice',
  'signinvoice',
  'decode',
  'summary',
  'holdinvoice',
  'injectholdinvoice',
  'settleholdinvoice',
  'cancelholdinvoice',
])
