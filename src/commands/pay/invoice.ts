import { BOUNDS } from '../../engine/base/bounds.ts'
import { type UnixMs, unixMs } from '../../engine/base/clock.ts'
import { Fault } from '../../engine/base/fault.ts'
import type { Msat } from '../../engine/base/money.ts'
import { decodeBolt11 } from '../../engine/protocol/bolt11/decode.ts'
import { type Bolt11Flaw, type Prefix, fitsNet } from '../../engine/protocol/bolt11/invoice.ts'
import { type EcdsaVerifier, payeeOf } from '../../engine/protocol/bolt11/payee.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { PaymentHash } from '../../engine/protocol/ids.ts'

/** An invoice of anybody's, as far as it can be paid. */
export type AnyInvoice = Readonly<{
  /** In lower case. */
  bolt11: string
  hash: PaymentHash
  msat: Msat
  /** The Lightning key that signed it, 33 bytes in hex. */
  node: string
  /** As its writer has it: never shown as it is. null where it only has the hash of a text. */
  memo: string | null
  expiresAt: UnixMs
}>

/** Whether a word is meant as an invoice, rather than as a command. */
export const isInvoiceLike = (word: string): boolean =>
  /^(lightning:|bitcoin:|ln[a-z0-9]{10})/i.test(word.trim())

/**
 * Reads a BOLT 11 invoice that somebody gave us, with or without `lightning:`.
 * @throws Fault `data` `invoice.unreadable` | `invoice.other_kind` | `invoice.net` | `invoice.no_amount` |
 *   `invoice.signature` | `invoice.lock` | `invoice.expired`
 */
export const readInvoice = (
  text: string,
  { net, now, secp }: Readonly<{ net: Net; now: UnixMs; secp: EcdsaVerifier }>,
): AnyInvoice => {
  const word = text.trim().replace(/^lightning:(\/\/)?/i, '')
  if (!/^ln(bc|tb|sb)/i.test(word)) throw otherKind(word)
  const invoice = decodeBolt11(word)
  if (typeof invoice === 'string') throw unreadable(invoice)
  if (!fitsNet(invoice.prefix, net)) throw otherNet(invoice.prefix, net)
  if (invoice.msat === null)
    throw wrong('no_amount', 'the invoice names no amount', 'ask the payee for one with an amount')
  const node = payeeOf(invoice, secp)
  if (node === null)
    throw wrong(
      'signature',
      'the signature of the invoice is nobody’s',
      'get it from its payee anew',
    )
  if (invoice.minFinalCltv > BOUNDS.lockedBlocks)
    throw wrong(
      'lock',
      `the invoice could lock your money for ${invoice.minFinalCltv.toLocaleString('en-US')} blocks`,
      `ask the payee for one of at most ${BOUNDS.lockedBlocks}, two days`,
    )
  const expiresAt = unixMs(Math.min((invoice.timestamp + invoice.expirySec) * 1000, LAST_MS))
  if (expiresAt <= now)
    throw wrong(
      'expired',
      `the invoice expired at ${utc(expiresAt)}`,
      'ask the payee for a new one',
    )
  const { paymentHash: hash, msat: amount, description: memo } = invoice
  return { bolt11: word.toLowerCase(), hash, msat: amount, node, memo, expiresAt }
}

/** A moment for people: `2026-11-27 14:03:07 UTC`. */
export const utc = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** The end of the year 9999: an expiry can be far beyond what dates have names for. */
const LAST_MS = 253_402_300_799_000

const wrong = (code: string, message: string, hint: string): Fault =>
  new Fault('data', `invoice.${code}`, message, { hint })

const unreadable = (flaw: Bolt11Flaw): Fault =>
  flaw === 'bolt11.bech32' || flaw === 'bolt11.text' || flaw === 'bolt11.short'
    ? wrong(
        'unreadable',
        'the invoice is cut off or mistyped: its checksum does not hold',
        'copy the whole of it, from lnbc… to its end',
      )
    : wrong(
        'unreadable',
        `the invoice breaks a rule of BOLT 11 (${flaw})`,
        'get another one from its payee',
      )

const otherKind = (word: string): Fault => {
  const what = OTHER_KINDS.find(([pattern]) => pattern.test(word))?.[1] ?? 'no Lightning invoice'
  return wrong(
    'other_kind',
    `this is ${what}, and fedai pays invoices (BOLT 11)`,
    'get an invoice for it: lnbc…, lntb…, or lnbcrt…',
  )
}

const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^lno1/i, 'an offer (BOLT 12)'],
  [/^lnurl1/i, 'an LNURL'],
  [/^bitcoin:|^bc1|^[13][a-z0-9]{25,}/i, 'an address on the chain'],
  [/^[^@\s]+@[^@\s]+$/, 'a Lightning address'],
]

const otherNet = (prefix: Prefix, net: Net): Fault =>
  wrong(
    'net',
    `the invoice is for ${NAMES[prefix]}, and the network is ${net === 'sim' ? 'sim, play money' : net}`,
    prefix === 'bcrt' ? 'use --net sim or --net regtest' : `use --net ${NETS[prefix]}`,
  )

const NAMES: Readonly<Record<Prefix, string>> = {
  bc: 'mainnet',
  tb: 'testnet',
  tbs: 'signet',
  bcrt: 'regtest or play money',
  sb: 'simnet',
}

const NETS: Readonly<Record<Prefix, Net>> = {
  bc: 'mainnet',
  tb: 'testnet',
  tbs: 'testnet',
  bcrt: 'regtest',
  sb: 'regtest',
}
