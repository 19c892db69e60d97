import { bech32 } from '@scure/base'
import { concat, fromHex, utf8 } from '../../src/engine/base/bytes.ts'
import type { UnixSec } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'
import { hashOf } from '../../src/engine/protocol/bolt11/decode.ts'
import type { SignInvoice } from '../../src/engine/protocol/bolt11/encode.ts'
import { TAGS } from '../../src/engine/protocol/bolt11/fields.ts'
import type { InvoiceDraft } from '../../src/engine/protocol/bolt11/invoice.ts'
import {
  paddedBytesOf,
  wordsOfBytes,
  wordsOfNumber,
} from '../../src/engine/protocol/bolt11/words.ts'

export const secp = await openSecp256k1()
export const SECRET = fromHex('e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734')
export const NODE = secp.point(SECRET).toHex()
export const sign: SignInvoice = (hash) => secp.signRecoverable(hash, SECRET)

export const DRAFT: InvoiceDraft = {
  prefix: 'bcrt',
  msat: msat(21_000n),
  timestamp: 1_795_350_000 as UnixSec,
  paymentHash: paymentHash('ab'.repeat(32)),
  paymentSecret: '11'.repeat(32),
  description: null,
  descriptionHash: 'cd'.repeat(32),
}

/** One tagged field, of words or of bytes. */
export const field = (name: keyof typeof TAGS | number, data: readonly number[] | Uint8Array) => {
  const words = data instanceof Uint8Array ? wordsOfBytes(data) : data
  const tag = typeof name === 'number' ? name : TAGS[name]
  return [tag, ...wordsOfNumber(words.length, 2), ...words]
}

export const HASH_FIELD = field('paymentHash', new Uint8Array(32).fill(1))
export const SECRET_FIELD = field('paymentSecret', new Uint8Array(32).fill(2))
export const TEXT_FIELD = field('description', utf8('coffee'))
/** What every invoice needs. */
export const NEEDED = [...HASH_FIELD, ...SECRET_FIELD, ...TEXT_FIELD]

/**
 * Any words with a true signature under any prefix: what the writer refuses to write.
 * @param twist changes the 65 bytes of the signature
 */
export const craft = (
  words: readonly number[],
  { prefix = 'lnbcrt210n', twist = (it: Uint8Array) => it } = {},
): string => {
  const data = [...wordsOfNumber(1_795_350_000, 7), ...words]
  const { sig, recovery } = sign(hashOf(prefix, paddedBytesOf(data, 0, data.length)))
  const signature = twist(concat(sig, Uint8Array.of(recovery)))
  return bech32.encode(prefix, [...data, ...wordsOfBytes(signature)], false)
}
