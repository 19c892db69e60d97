import { schnorr } from '@noble/curves/secp256k1.js'
import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { type Draft, type Signed, canonical } from '../../src/engine/protocol/event.ts'
import { eventId, pubKey, signature } from '../../src/engine/protocol/ids.ts'

/** A key of the vectors: its secret is the SHA-256 of a word, so that anyone can make it again. */
export const party = (word: string) => {
  const secret = sha256(`fedai vectors ${word}`)
  return { secret, pubkey: pubKey(toHex(schnorr.getPublicKey(secret))) }
}
export type Party = ReturnType<typeof party>

/** BIP-340 with 32 zero bytes of auxiliary randomness: the same draft gives the same signature. */
export const signed = (by: Party, draft: Draft): Signed => {
  const hash = sha256(canonical(by.pubkey, draft))
  const sig = schnorr.sign(hash, by.secret, new Uint8Array(32))
  return { ...draft, id: eventId(toHex(hash)), pubkey: by.pubkey, sig: signature(toHex(sig)) }
}

export const verifier = {
  verify: (sig: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean => {
    try {
      return schnorr.verify(sig, hash, key)
    } catch {
      return false
    }
  },
}
