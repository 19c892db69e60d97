import { describe, expect, test } from 'bun:test'
import { sha256, toHex } from '../../engine/base/bytes.ts'
import { decodeBolt11 } from '../../engine/protocol/bolt11/decode.ts'
import { historyShape } from '../pay/shape.ts'
import { documentsIn } from './documents.ts'
import { tabOf } from './money.case.ts'
import type { Report } from './report.ts'
import { verifyGroups } from './run.ts'

const { bundle, proof } = tabOf()
const invoice = JSON.parse(bundle.invoices[0]!.content).bolt11 as string
const { preimage } = JSON.parse(proof.content) as { preimage: string }
const hash = toHex(sha256(Buffer.from(preimage, 'hex')))

const payment = {
  hash,
  state: 'settled',
  late: false,
  purpose: 'topup',
  payee: 'ab'.repeat(32),
  ref: 'cd'.repeat(32),
  seq: 1,
  amount_msat: '10000',
  fee_msat: '7',
  max_fee_msat: '10000',
  preimage,
  reason: null,
  invoice,
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
    expect(findings).toMatchObject([{ check: 'history', ok: true, about: hash }])
    expect(findings[0]!.detail).toBe('1 settled payment with the preimage of its invoice')
    expect(unchecked).toEqual([expect.stringContaining('times, fees, purposes and wallets')])
  })

  test('without a preimage is only the wallet’s word, and says so; so is one that did not settle', async () => {
    const open = { ...payment, state: 'unknown', preimage: null }
    const { findings, unchecked } = await verified(history({ ...payment, preimage: null }, open))
    expect(findings.every((it) => it.ok)).toBe(true)
    expect(unchecked.join('\n')).toContain('1 settled payment without a preimage')
    expect(unchecked.join('\n')).toContain('1 payment that did not settle')
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
    for (const it of [history(), { ...history(), payments: 7 }])
      expect(read(it)).toThrow(expect.objectContaining({ code: 'verify.nothing' }))
    const many = history(...Array.from({ length: 10_001 }, () => ({})))
    expect(read(many)).toThrow(expect.objectContaining({ code: 'verify.too_many' }))
    expect(wrong(history({}, 7 as never))).resolves.toContain('history.invoice')
  })
})
