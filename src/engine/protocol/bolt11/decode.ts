import { bech32 } from '@scure/base'
import { concat, sha256, utf8 } from '../../base/bytes.ts'
import type { UnixSec } from '../../base/clock.ts'
import type { Msat } from '../../base/money.ts'
import { type Unit, readAmount } from './amount.ts'
import { readFields } from './fields.ts'
import {
  type Bolt11Flaw,
  DEFAULT_EXPIRY_SEC,
  DEFAULT_MIN_FINAL_CLTV,
  type Invoice,
  type Prefix,
} from './invoice.ts'
import { bytesOf, numberOf, paddedBytesOf } from './words.ts'

/** Characters of an invoice, at most: an `r` or two beside the rest take a quarter of it. */
export const MOST_CHARS = 4096

/** Words of time and signature. */
const TIME = 7
const SIGNATURE = 104

/**
 * Reads a BOLT 11 invoice: everything but whose it is (payee.ts) and whether it is the one that was
 * asked for (spending/invoice-check.ts).
 *
 * @returns the invoice, or the first flaw. Never throws.
 */
export const decodeBolt11 = (text: string): Invoice | Bolt11Flaw => {
  // Before bech32: its toLowerCase would make a plain k of the Kelvin sign.
  if (text.length > MOST_CHARS || !/^[\x21-\x7e]*$/.test(text)) return 'bolt11.text'
  const decoded = bech32.decodeUnsafe(text, MOST_CHARS)
  if (!decoded) return 'bolt11.bech32'
  const { words } = decoded
  const head = readPrefix(decoded.prefix)
  if (typeof head === 'string') return head
  const end = words.length - SIGNATURE
  if (end < TIME) return 'bolt11.short'
  const fields = readFields(words, TIME, end)
  if (typeof fields === 'string') return fields
  const { paymentHash, paymentSecret, description = null, descriptionHash = null } = fields
  if (paymentHash === undefined) return 'bolt11.no_payment_hash'
  if (paymentSecret === undefined) return 'bolt11.no_payment_secret'
  if ((description === null) === (descriptionHash === null)) return 'bolt11.description'
  const signature = bytesOf(words, end, words.length)!
  const recovery = signature[64]!
  if (recovery > 3) return 'bolt11.recovery'
  return {
    ...head,
    timestamp: numberOf(words, 0, TIME) as UnixSec,
    expirySec: fields.expirySec ?? DEFAULT_EXPIRY_SEC,
    paymentHash,
    paymentSecret,
    description,
    descriptionHash,
    payee: fields.payee ?? null,
    minFinalCltv: fields.minFinalCltv ?? DEFAULT_MIN_FINAL_CLTV,
    features: fields.features ?? [],
    routes: fields.routes ?? [],
    fallbacks: fields.fallbacks ?? [],
    metadata: fields.metadata ?? null,
    hash: hashOf(decoded.prefix, paddedBytesOf(words, 0, end)),
    sig: signature.subarray(0, 64),
    recovery,
  }
}

/** What an invoice's signature signs: its prefix, and its words but for the signature as bytes. */
export const hashOf = (prefix: string, data: Uint8Array): Uint8Array =>
  sha256(concat(utf8(prefix), data))

const readPrefix = (head: string): { prefix: Prefix; msat: Msat | null } | Bolt11Flaw => {
  const match = /^ln(bcrt|bc|tbs|tb|sb)(?:([0-9].*))?$/.exec(head)
  if (!match) return 'bolt11.prefix'
  const prefix = match[1] as Prefix
  if (match[2] === undefined) return { prefix, msat: null }
  const [, digits, unit] = /^([0-9]+)([munp]?)$/.exec(match[2]) ?? []
  const amount = digits === undefined ? undefined : readAmount(digits, unit as Unit)
  return amount === undefined ? 'bolt11.amount' : { prefix, msat: amount }
}
