import { describe, expect, test } from 'bun:test'
import { sha256, toHex } from '../../engine/base/bytes.ts'
import { decodeBolt11 } from '../../engine/protocol/bolt11/decode.ts'
import { historyShape } from '../pay/shape.ts'
import { documentsIn } from './documents.ts'
import { tabOf } from './money.case.ts'
import type { Report } from './report.ts'
import { verifyGroups } from './run.ts'

const { bundle, proof } = tabOf()
const { bolt11: invoice, terms } = JSON.parse(bundle.invoices[0]!.content) as {
  bolt11: string
  terms: string
}
const bound = JSON.parse(terms) as { payee: string; ref: string }
const { preimage } = JSON.parse(proof.content) as { preimage: string }
const hash = toHex(sha256(Buffer.from(preimage, 'hex')))

const payment = {
  hash,
  state: 'settled',
  late: false,
  purpose: 'topup',
  payee: bound.payee,
  ref: bound.ref,
  seq: 1,
  amount_msat: '10000',
  fee_msat: '7',
  max_fee_msat: '10000',
  preimage,
  reason: null,
  invoice,
  terms: terms as string | null,
  at: 1,
  done_at: 2,
  wallet: null,
}
const history = (...payments: object[]) => ({
  v: 1,
  type: 'history',
  net: 'sim',
  payments,
  paid_msat: '10000',
  fees_msat: '7',
  more: false,
})

const verified = (value: unknown): Promise<Report> =>
  verifyGroups(documentsIn(JSON.stringify(value), 'f'))
const wrong = async (value: unknown): Promise<string[]> =>
  (await verified(value)).findings.filter((it) => !it.ok).map((it) => it.check)

describe('a history of payments', () => {
  test('is what pay history prints; it says what nobody can prove', async () => {
    const mine = history(payment)
    expect(historyShape.parse(mine)).toEqual(mine as never)
    const { findings, unchecked } = await verified(mine)
    expect(findings.map((it) => [it.check, it.ok, it.about])).toEqual([
      ['history', true, hash],
      ['history.terms', true, hash],
    ])
    expect(findings.map((it) => it.detail)).toEqual([
      '1 settled payment with the preimage of its invoice',
      'payee, ref, seq and purpose of 1 payment as invoiced',
    ])
    expect(unchecked.map((it) => it.split(' of ')[0])).toEqual([
      'at, done_at, fee_msat, max_fee_msat, late, reason and wallet',
      'whether the Lightning nodes that signed the invoices',
      'whether older or newer payments were left out',
    ])
  })

  test('every field of a payment and of the history is checked, or named as not checked', async () => {
    const { unchecked } = await verified(history(payment))
    const named = unchecked.join('\n')
    const checked = 'hash state purpose payee ref seq amount_msat preimage invoice terms'.split(' ')
    for (const field of Object.keys(payment))
      expect(checked.includes(field) || new RegExp(`\\b${field}\\b`).test(named), field).toBe(true)
    const more = { ...history({ ...payment, memo: 'rent' }), note: 1, ä: 2 }
    const { unchecked: strange } = await verified(more)
    expect(strange.slice(-2)).toEqual([
      'note, a field of the history: not known here',
      'memo of its payments: not known here',
    ])
  })

  test('without a preimage is only the wallet’s word, and says so; so is one that did not settle', async () => {
    const silent = await verified(history({ ...payment, preimage: null }))
    expect(silent.findings.every((it) => it.ok)).toBe(true)
    expect(silent.unchecked.join('\n')).toContain('1 settled payment without a preimage')
    const open = { ...payment, state: 'unknown', preimage: null }
    const unknown = await verified({ ...history(open), paid_msat: '0', fees_msat: '0' })
    expect(unknown.findings.every((it) => it.ok)).toBe(true)
    expect(unknown.unchecked.join('\n')).toContain('1 payment that did not settle')
  })

  test('lists a payment hash once: twice is said, and which, whatever else of it is another', async () => {
    const twice = history(payment, { ...payment, preimage: null, fee_msat: null })
    const report = await verified({ ...twice, paid_msat: '20000' })
    const [first] = report.findings
    expect(first).toMatchObject({ check: 'history.twice', ok: false, about: hash })
    expect(first!.detail).toMatch(/^payment \S+ stands in the history twice$/)
  })

  test('without terms says that nobody shows whom it paid, and for what', async () => {
    const loose = history({ ...payment, terms: null, payee: '11'.repeat(32), seq: 9 })
    const { findings, unchecked } = await verified(loose)
    expect(findings.map((it) => it.check)).toEqual(['history'])
    expect(unchecked.join('\n')).toContain('payee, ref, seq and purpose of 1 payment whose invoice')
    // As a fedai before wrote it.
    const { terms: _, ...older } = payment
    expect(await wrong(history(older))).toEqual([])
  })

  test('of a home in which nothing was paid has 0 payments', async () => {
    const none = { ...history(), paid_msat: '0', fees_msat: '0' }
    const { findings } = await verified(none)
    expect(findings).toMatchObject([{ check: 'history', ok: true, detail: '0 payments' }])
    expect(await wrong(history())).toContain('history.paid_msat')
  })

  const otherAmount = invoice.replace('100n', '200n')
  test.each<[string, object]>([
    ['preimage', { preimage: 'ab'.repeat(32) }],
    ['preimage', { preimage: 7 }],
    ['hash', { hash: 'ab'.repeat(32) }],
    ['amount', { amount_msat: '20000' }],
    ['invoice', { invoice: otherAmount }],
    ['invoice', { invoice: 'ln' }],
    ['state', { state: 'failed' }],
    ['payee', { payee: '11'.repeat(32) }],
    ['payee', { payee: null }],
    ['ref', { ref: '11'.repeat(32) }],
    ['seq', { seq: 2 }],
    ['seq', { seq: '1' }],
    ['purpose', { purpose: 'after' }],
    ['purpose', { purpose: 'other' }],
    ['terms', { terms: terms.replace('"seq":"1"', '"seq":"2"'), seq: 2 }],
    ['terms', { terms: 7 }],
    ['shape', { at: 'yesterday' }],
    ['shape', { fee_msat: 7 }],
  ])('with another %s is found out', async (check, change) => {
    expect(await wrong(history({ ...payment, ...change }))).toContain(`history.${check}`)
  })

  test('of another network, or with other sums, is found out', async () => {
    expect(await wrong({ ...history(payment), net: 'mainnet' })).toContain('history.net')
    expect(await wrong({ ...history(payment), net: 'fiat' })).toContain('history.net')
    expect(await wrong({ ...history(payment), paid_msat: '9999' })).toEqual(['history.paid_msat'])
    expect(await wrong({ ...history(payment), fees_msat: '0' })).toEqual(['history.fees_msat'])
    expect(typeof decodeBolt11(invoice)).toBe('object')
  })

  test('that is none, or too long, is refused', () => {
    const read = (value: unknown) => () => documentsIn(JSON.stringify(value), 'f')
    expect(read({ ...history(), payments: 7 })).toThrow(
      expect.objectContaining({ code: 'verify.nothing' }),
    )
    const many = history(...Array.from({ length: 10_001 }, () => ({})))
    expect(read(many)).toThrow(expect.objectContaining({ code: 'verify.too_many' }))
    expect(wrong(history({}, 7 as never))).resolves.toContain('history.invoice')
  })
})
