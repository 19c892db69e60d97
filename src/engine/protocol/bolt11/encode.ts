import { bech32 } from '@scure/base'
import { concat, fromHex, utf8 } from '../../base/bytes.ts'
import { writeAmount } from './amount.ts'
import { MOST_CHARS, hashOf } from './decode.ts'
import { USUAL_FEATURES, writeFeatures } from './features.ts'
import { TAGS } from './fields.ts'
import type { Fallback, Hop, InvoiceDraft } from './invoice.ts'
import { paddedBytesOf, wordsOfBytes, wordsOfNumber } from './words.ts'

/** Signs 32 bytes with the payee's Lightning key (identity/seams.ts `signRecoverable`). */
export type SignInvoice = (hash: Uint8Array) => Readonly<{ sig: Uint8Array; recovery: number }>

/**
 * Writes and signs a BOLT 11 invoice, fields in the order of its first examples.
 * @throws RangeError for a draft that is none: description and hash together or neither, a field over
 *   639 bytes, a time that does not fit, over 4 kB in all
 */
export const encodeBolt11 = (draft: InvoiceDraft, sign: SignInvoice): string => {
  const prefix = `ln${draft.prefix}${draft.msat === null ? '' : writeAmount(draft.msat)}`
  const words = [...fixed(draft.timestamp, 7), ...fieldsOf(draft)]
  const { sig, recovery } = sign(hashOf(prefix, paddedBytesOf(words, 0, words.length)))
  words.push(...wordsOfBytes(concat(sig, Uint8Array.of(recovery))))
  return bech32.encode(prefix, words, MOST_CHARS)
}

const fieldsOf = (draft: InvoiceDraft): number[] => {
  const { description, descriptionHash, expirySec, minFinalCltv, payee, metadata } = draft
  if ((description === null) === (descriptionHash === null))
    throw new RangeError('an invoice has a description, or the hash of one')
  return [
    ...bytesField('paymentSecret', fromHex(draft.paymentSecret)),
    ...bytesField('paymentHash', fromHex(draft.paymentHash)),
    ...(description === null ? [] : bytesField('description', utf8(description))),
    ...(descriptionHash === null ? [] : bytesField('descriptionHash', fromHex(descriptionHash))),
    ...(expirySec === undefined ? [] : field('expirySec', wordsOfNumber(expirySec))),
    ...(minFinalCltv === undefined ? [] : field('minFinalCltv', wordsOfNumber(minFinalCltv))),
    ...(payee ? bytesField('payee', fromHex(payee)) : []),
    ...(draft.fallbacks ?? []).flatMap(fallbackField),
    ...(draft.routes ?? []).flatMap((hops) => bytesField('routes', concat(...hops.map(hopBytes)))),
    ...(metadata ? bytesField('metadata', fromHex(metadata)) : []),
    ...featureField(draft.features ?? USUAL_FEATURES),
  ]
}

const field = (name: keyof typeof TAGS, words: readonly number[]): number[] => [
  TAGS[name],
  ...fixed(words.length, 2),
  ...words,
]

const bytesField = (name: keyof typeof TAGS, bytes: Uint8Array): number[] =>
  field(name, wordsOfBytes(bytes))

const fallbackField = ({ version, program }: Fallback): number[] =>
  field('fallbacks', [version, ...wordsOfBytes(fromHex(program))])

const featureField = (features: readonly number[]): number[] =>
  features.length === 0 ? [] : field('features', writeFeatures(features))

const hopBytes = (hop: Hop): Uint8Array =>
  concat(
    fromHex(hop.key),
    fromHex(hop.channel),
    bigEndian(hop.feeBaseMsat, 4),
    bigEndian(hop.feePpm, 4),
    bigEndian(hop.cltvDelta, 2),
  )

const bigEndian = (n: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Math.floor(n / 256 ** (length - 1 - i)) & 0xff)

/** A number in exactly so many words. */
const fixed = (n: number, length: number): number[] => {
  const words = wordsOfNumber(n, length)
  if (words.length !== length) throw new RangeError(`${n} does not fit into ${length * 5} bits`)
  return words
}
