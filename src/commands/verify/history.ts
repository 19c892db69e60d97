import type { Secp256k1 } from '../../engine/identity/seams.ts'
import { count, shortId } from '../figures.ts'
import { entryFields, historyShape } from '../pay/shape.ts'
import type { Fields } from './documents.ts'
import { type Flaw, carriesTerms, flawOf, textOf } from './history-payment.ts'
import type { Line } from './report.ts'

/**
 * The payments of `pay history --json`, each once and against its own invoice, and the sums over them. A preimage shows
 * that the payee was paid (BOLT 11); when, by which wallet and at what fee nobody has signed.
 */
export const historyFindings = (
  history: Fields,
  secp: Secp256k1,
): { findings: Line[]; unchecked: string[] } => {
  const payments = rowsOf(history)
  const seen = new Set<unknown>()
  const flaws = payments.flatMap((it): Line[] => {
    const flaw = flawOf(it, history['net'], secp) ?? (seen.has(it['hash']) ? TWICE : null)
    seen.add(it['hash'])
    return flaw ? [line(it, flaw)] : []
  })
  const settled = payments.filter((it) => it['state'] === 'settled')
  const sums = (['paid_msat', 'fees_msat'] as const).flatMap((field) =>
    sumFlaw(history, settled, field),
  )
  const findings = [...flaws, ...sums]
  if (findings.length === 0) findings.push(...goodOf(payments, settled.filter(isShown).length))
  return { findings, unchecked: unproven(history, payments) }
}

/** The payments of a history, whatever stands in their place. */
export const rowsOf = ({ payments }: Fields): Fields[] =>
  Array.isArray(payments)
    ? payments.map((it: unknown) => (typeof it === 'object' && it !== null ? (it as Fields) : {}))
    : []

// The sums would count it twice: a payment hash is paid once.
const TWICE: Flaw = { check: 'twice', detail: 'stands in the history twice' }

const isShown = (it: Fields): boolean => it['preimage'] !== null && it['preimage'] !== undefined

const goodOf = (payments: readonly Fields[], shown: number): Line[] => {
  const about = aboutOf(payments[0])
  const good = (check: string, detail: string): Line => ({ check, ok: true, detail, about })
  if (payments.length === 0) return [good('history', count(0, 'payment'))]
  const bound = payments.filter(carriesTerms).length
  return [
    good('history', `${count(shown, 'settled payment')} with the preimage of its invoice`),
    ...(bound > 0
      ? [
          good(
            'history.terms',
            `payee, ref, seq and purpose of ${count(bound, 'payment')} as invoiced`,
          ),
        ]
      : []),
  ]
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

/** All that a reader might take for checked, and that is not. */
const unproven = (history: Fields, payments: readonly Fields[]): string[] => {
  const whole =
    'whether older or newer payments were left out of the history (more): nothing here shows it'
  const open = payments.filter((it) => it['state'] !== 'settled').length
  const silent = payments.filter((it) => it['state'] === 'settled' && !isShown(it)).length
  const loose = payments.filter((it) => !carriesTerms(it)).length
  const bound = payments.length - loose
  return [
    ...(payments.length > 0
      ? [
          'at, done_at, fee_msat, max_fee_msat, late, reason and wallet of the history: no document shows them, so they are only what its writer says',
        ]
      : []),
    ...(bound > 0
      ? [
          `whether the Lightning nodes that signed the invoices of ${count(bound, 'payment')} belong to the payees that these name: their manifests are not here`,
        ]
      : []),
    ...(loose > 0
      ? [
          `payee, ref, seq and purpose of ${count(loose, 'payment')} whose invoice carries no terms that stand here: they are only what the writer says`,
        ]
      : []),
    ...(silent > 0
      ? [
          `${count(silent, 'settled payment')} without a preimage: that it was paid is only what the wallet says`,
        ]
      : []),
    ...(open > 0
      ? [`${count(open, 'payment')} that did not settle: nothing here shows how it ended`]
      : []),
    whole,
    ...strange([history], HISTORY, 'the history'),
    ...strange(payments, ENTRY, 'its payments'),
  ]
}

/** Fields that no version of ours has written: nobody may take them for checked. */
const strange = (of: readonly Fields[], known: ReadonlySet<string>, where: string): string[] => {
  const names = [...new Set(of.flatMap((it) => Object.keys(it)))].filter((it) => !known.has(it))
  if (names.length === 0) return []
  const first = names.slice(0, 5).map((it) => (/^\w{1,32}$/.test(it) ? it : 'a field'))
  return [`${first.join(', ')}${names.length > 5 ? ' and others' : ''} of ${where}: not known here`]
}

const HISTORY: ReadonlySet<string> = new Set(Object.keys(historyShape.shape))
const ENTRY: ReadonlySet<string> = new Set(Object.keys(entryFields.shape))

const line = (it: Fields, { check, detail }: Flaw): Line => {
  const about = aboutOf(it)
  return {
    check: `history.${check}`,
    ok: false,
    detail: `payment ${shortId(about)} ${detail}`,
    about,
  }
}

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
