import { fromHex, hmac, toHex, utf8 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { Envelope } from '../protocol/envelope.ts'
import {
  type Draft,
  type Parts,
  type WrittenDraft,
  idOfParts,
  partsOf,
  textOf,
} from '../protocol/event.ts'
import { type PubKey, type Signature, pubKey } from '../protocol/ids.ts'
import { forbidDumps } from './no-dumps.ts'
import type { Secp256k1, Signer } from './seams.ts'

/**
 * A signer that holds its own copy of a secret. The copy is reachable from its own
 * functions alone: it is no property, so neither JSON, nor inspection, nor a spread shows it. From
 * the first one on, this process leaves no core file.
 *
 * @param secret 32 bytes; the caller may wipe them afterwards
 * @param random gives the auxiliary randomness of each signature (BIP-340)
 * @throws RangeError where the bytes are no valid secret
 */
export const signerOf = (secret: Uint8Array, secp: Secp256k1, random: Random): Signer => {
  forbidDumps()
  const own = Uint8Array.from(secret)
  const pubkey = pubKey(toHex(secp.publicKey(own)))
  const shared = new Map<PubKey, Uint8Array>()
  const around = ({ kind, created_at, tags }: Omit<Draft, 'content'>, parts: Parts) => {
    const id = idOfParts(pubkey, { kind, created_at, tags }, parts)
    const sig = toHex(secp.sign(fromHex(id), own, random.bytes(32))) as Signature
    return { id, pubkey, kind, created_at, tags, sig }
  }
  const write = (draft: Draft): Envelope => {
    const parts = partsOf(draft)
    const { sig, ...rest } = around(draft, parts)
    const event = { ...rest, content: draft.content, sig }
    return { event, text: textOf(event, parts) }
  }
  const writeAround = ({ written, ...draft }: WrittenDraft) => {
    const parts = { tags: JSON.stringify(draft.tags), content: written }
    const event = around(draft, parts)
    return { event, text: textOf(event, parts) }
  }
  return Object.freeze<Signer>({
    pubkey,
    sign: (draft) => write(draft).event,
    write,
    writeAround,
    derive: (label) => new Uint8Array(hmac(own, utf8(label))),
    conversation: (peer) => {
      const known = shared.get(peer)
      if (known) return known
      const x = secp.agree(own, fromHex(peer))
      if (!x) return null
      const key = hmac(utf8('nip44-v2'), x)
      if (shared.size >= MOST_SHARED) shared.delete(shared.keys().next().value!)
      shared.set(peer, key)
      return key
    },
  })
}

/** A signer with a key of its own that exists only in memory: a client's session key. */
export const newSigner = (secp: Secp256k1, random: Random): Signer =>
  signerOf(random.bytes(32), secp, random)

/** Peers whose shared keys are kept: each costs a millisecond to compute. */
const MOST_SHARED = 1_000
