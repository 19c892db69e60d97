import { decrypt, encrypt } from 'nostr-tools/nip44'
import type { Random } from '../base/random.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { Signer } from './seams.ts'

/** Texts sealed between two keys (NIP-44 version 2): money outside a job (docs/protocol.md, sealed money). */

/**
 * @param text at most 32,000 bytes: what a sealed event of ours takes
 * @throws RangeError where `to` is no point of the curve, or the text is longer
 */
export const sealLetter = (from: Signer, to: PubKey, text: string, random: Random): string => {
  const key = from.conversation(to)
  if (!key || text.length > MOST_CHARS) throw new RangeError('this cannot be sealed')
  return encrypt(text, key, random.bytes(32))
}

/** What was sealed for us by `from`; undefined where it does not open. Never throws. */
export const openLetter = (to: Signer, from: PubKey, sealed: string): string | undefined => {
  const key = to.conversation(from)
  if (!key || sealed.length > MOST_SEALED) return undefined
  try {
    return decrypt(sealed, key)
  } catch {
    return undefined
  }
}

const MOST_CHARS = 24_000
const MOST_SEALED = 40_000
