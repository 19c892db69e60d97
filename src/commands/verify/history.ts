import { fromHex, sha256, toHex } from '../../engine/base/bytes.ts'
import type { Secp256k1 } from '../../engine/identity/seams.ts'
import { decodeBolt11 } from '../../engine/protocol/bolt11/decode.ts'
import { fitsNet } from '../../engine/protocol/bolt11/invoice.ts'
import { payeeOf } from '../../engine/protocol/bolt11/payee.ts'
import { NETS } from '../../engine/protocol/event.ts'
import { count, shortId } from '../figures.ts'
import type { Fields } from './documents.ts'
import type { Line } from './report.ts'

/**
 * The payments of `pay history --json`, each against its own invoice, and the sums over them. A preimage shows that the
 * payee was paid (BOLT 11); when, by which wallet and at what fee nobody has signed.
 */
export const historyFindings = (
  history: Fields,
  secp: Secp256k1,
): { findings: Line[]; unchecked: string[] } => {
  const payments = rowsOf(history)
  const flaws = payments.flatMap((it): Line[] => {
    const flaw = flawOf(it, history['net'], secp)
    return flaw ? [line(it, flaw)] : []
  })
  const settled = payments.filter((it) => it['state'] === 'settled')
  const shown = settled.filter((it) => it['preimage'] !== null)
  const good = `${count(shown.length, 'settled payment')} with the preimage of its invoice`
  const sums = (['paid_msat', 'fees_msat'] as const).flatMap((field) =>
    sumFlaw(history, settled, field),
  )
  const findings = [...flaws, ...sums]
  if (findings.length === 0)
    findings.push({ check: 'history', ok: true, detail: good, about: aboutOf(payments[0]) })
  return {
    findings,
    unchecked: unproven(payments.length - settled.length, settled.length - shown.length),
  }
}

export const rowsOf = ({ payments }: Fields): Fields[] =>
  Array.isArray(payments)
    ? payments.map((it: unknown) => (typeof it === 'object' && it !== null ? (it as Fields) : {}))
    : []

type Flaw = Readonly<{ check: string; detail: string }>

const flawOf = (it: Fields, net: unknown, secp: Secp256k1): Flaw | null => {
  const known = NETS.find((one) => one === net)
  if (!known) return { check: 'net', detail: 'stands under a network that there is not' }
  const invoice = decodeBolt11(textOf(it['invoice']))
  if (typeof invoice === 'string')
    return { check: 'invoice', detail: `has an invoice that cannot be read: ${invoice}` }
  if (payeeOf(invoice, secp) === null)
    return { check: 'invoice', detail: 'has an invoice whose Lightning signature is nobody’s' }
  if (!fitsNet(invoice.prefix, known))
    return { check: 'net', detail: `has an invoice of another network than ${known}` }
  if (invoice.paymentHash !== it['hash'])
    return { check: 'hash', detail: 'has another payment hash than its invoice' }
  if (String(invoice.msat) !== it['amount_msat'])
    return { check: 'amount', detail: 'has another amount than its invoice' }
  const preimage = it['preimage'] ?? null
  if (preimage !== null && hashOf(preimage) !== invoice.paymentHash)
    return { check: 'preimage', detail: 'has the preimage of another payment' }
  if (preimage !== null && it['state'] !== 'settled')
    return { check: 'state', detail: 'has a preimage, so it was paid, and is not called settled' }
  return null
}

const hashOf = (preimage: unknown): string | null => {
  const text = textOf(preimage)
  return /^[0-9a-f]{64}$/.test(text) ? toHex(sha256(fromHex(text))) : null
}

const sumFlaw = (
  history: Fields,
  settled: readonly Fields[],
  field: 'paid_msat' | 'fees_msat',
): Line[] => {
  const of = field === 'paid_msat' ? 'amount_msat' : 'fee_msat'
  const sum = settled.reduce((all, it) => all + amountOf(it[of]), 0n)
  if (history[field] === String(sum)) return []
  const detail = `${field} of the history is not the sum of its settled payments, ${sum} msat`
  return [{ check: `history.${field}`, ok: false, detail, about: aboutOf(settled[0]) }]
}

const unproven = (open: number, silent: number): string[] => [
  'times, fees, purposes and wallets of the history: no document shows them, so they are only what its writer says',
  ...(silent > 0
    ? [
        `${count(silent, 'settled payment')} without a preimage: that it was paid is only what the wallet says`,
      ]
    : []),
  ...(open > 0
    ? [`${count(open, 'payment')} that did not settle: nothing here shows how it ended`]
    : []),
]

const line = (it: Fields, { check, detail }: Flaw): Line => {
  const about = aboutOf(it)
  return {
    check: `history.${check}`,
    ok: false,
    detail: `payment ${shortId(about)} ${detail}`,
    about,
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const amountOf = (value: unknown): bigint => {
  const text = textOf(value)
  return /^[0-9]{1,19}$/.test(text) ? BigInt(text) : 0n
}

const NONE = '0'.repeat(64)

/** The payment hash, where there is one: a file may have any text in its place. */
const aboutOf = (it: Fields | undefined): string => {
  const hash = textOf(it?.['hash'])
  return /^[0-9a-f]{64}$/.test(hash) ? hash : NONE
}
