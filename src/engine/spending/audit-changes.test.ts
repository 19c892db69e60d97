import { describe, expect, test } from 'bun:test'
import type { UnixSec } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { NOW } from '../metering/scene.ts'
import type { EventId } from '../protocol/ids.ts'
import type { Terms } from '../protocol/terms.ts'
import { auditMoney } from './audit.ts'
import { type Changes, OTHER, documentsOf, historyOf } from './audit.case.ts'
import { STRANGER, secp } from './invoice-check.case.ts'

// Every field of every document about money, changed and signed anew.

const HEX = 'e'.repeat(64)

describe('one thing changed is found', () => {
  test.each<[string, Changes, string]>([
    ['invoice: terms of another amount', { invoice: { said: { msat: msat(9_000n) } } }, 'amount'],
    ['invoice: another amount', { invoice: { bolt11: { msat: msat(9_999n) } } }, 'amount'],
    ['invoice: without an amount', { invoice: { bolt11: { msat: null } } }, 'no_amount'],
    ['invoice: another hash', { invoice: { bolt11: { descriptionHash: HEX } } }, 'unbound'],
    ['invoice: another Lightning key', { invoice: { key: STRANGER } }, 'not_pinned'],
    ['invoice: another network’s prefix', { invoice: { bolt11: { prefix: 'bc' } } }, 'net'],
    ['invoice: terms of another network', { invoice: { terms: { net: 'mainnet' } } }, 'net'],
    ['invoice: another signer', { invoice: { by: OTHER } }, 'signer'],
    ['invoice: to somebody else', { invoice: { to: OTHER } }, 'addressee'],
    ['invoice: for another tab', { invoice: { terms: { ref: OTHER } } }, 'tab'],
    ['invoice: long before its terms', { invoice: { late: -120_000 } }, 'time'],
    ['invoice: long after its end', { invoice: { late: 200_000 } }, 'time'],
    ['invoice: dead from the start', { invoice: { bolt11: { expirySec: 0 } } }, 'time'],
    ['invoice: no BOLT 11', { invoice: { content: { bolt11: 'lnbcrt1' } } }, 'bolt11'],
    ['sheet: of another node', { sheet: { by: OTHER } }, 'sheet'],
    [
      'sheet: in whole sats',
      { sheet: { content: { pay: payOf({ granularity: '3' }) } } },
      'granularity',
    ],
    ['sheet: that takes no money', { sheet: { content: { pay: undefined } } }, 'granularity'],
    [
      'sheet: with other keys',
      { sheet: { content: { pay: payOf({ payees: [`02${HEX}`] }) } } },
      'not_pinned',
    ],
  ])('%s', (_, change, check) => expect(found(change)).toContain(`invoice.${check}`))

  test.each<[keyof Terms, Partial<Terms>]>([
    ['payee', { payee: OTHER }],
    ['payer', { payer: OTHER }],
    ['router', { for: 'job', router: OTHER }],
    ['for', { for: 'after' }],
    ['ref', { ref: OTHER }],
    ['seq', { seq: 2 }],
    ['price', { price: HEX as EventId }],
    ['cum_used_msat', { cum_used_msat: msat(1n) }],
    ['iat', { iat: (NOW / 1000 - 299) as UnixSec }],
    ['exp', { exp: (NOW / 1000 - 181) as UnixSec }],
  ])('invoice: shown with another %s than it commits to', (field, said) =>
    expect(found({ invoice: { said } })).toContain(
      field === 'payee' ? 'invoice.signer' : 'invoice.unbound',
    ),
  )

  test.each<[string, Changes, string]>([
    ['paid: another signer', { paid: { by: OTHER } }, 'paid.signer'],
    ['paid: to somebody else', { paid: { to: OTHER } }, 'paid.addressee'],
    ['paid: other terms', { paid: { content: { terms: HEX } } }, 'paid.terms'],
    ['paid: another tab', { paid: { content: { ref: OTHER } } }, 'paid.terms'],
    ['paid: another number', { paid: { content: { seq: 2 } } }, 'paid.terms'],
    ['paid: less than asked', { paid: { content: { received: '9999' } } }, 'paid.received'],
    ['paid: far more than asked', { paid: { content: { received: '20001' } } }, 'paid.received'],
    ['paid: more than is counted', { paid: { content: { received: '10001' } } }, 'statement.paid'],
    ['paid: before the invoice', { paid: { late: -80_000 } }, 'paid.time'],
    [
      'paid: of another payment',
      { paid: { content: { payment_hash: HEX } } },
      'proof.acknowledgement',
    ],
    ['proof: another preimage', { proof: { content: { preimage: HEX } } }, 'proof.preimage'],
    ['proof: by another payer', { proof: { by: OTHER } }, 'proof.payer'],
    [
      'proof: without evidence',
      { proof: { content: { preimage: null, paid: null } } },
      'proof.evidence',
    ],
    ['draw: another job', { draw: { content: { job: HEX } } }, 'accepted.funded'],
    ['draw: another client', { draw: { content: { client: OTHER } } }, 'draw.terms'],
    [
      'draw: another client than the receipt’s',
      { draw: { content: { client: OTHER } } },
      'draw.receipt',
    ],
    ['draw: another body', { draw: { content: { body: HEX } } }, 'draw.terms'],
    ['draw: another ceiling', { draw: { content: { ceiling: '349' } } }, 'draw.terms'],
    ['draw: another timing', { draw: { content: { timing: 'stream' } } }, 'draw.terms'],
    ['draw: for another node', { draw: { to: OTHER } }, 'draw.terms'],
    ['draw: for another node than the receipt’s', { draw: { to: OTHER } }, 'draw.addressee'],
    ['draw: about another ticket', { draw: { about: HEX as EventId } }, 'draw.about'],
    ['draw: of another tab', { draw: { by: OTHER } }, 'statement.tab'],
    ['draw: after the job', { draw: { late: 62_000 } }, 'draw.time'],
    ['accepted: as unfunded', { accepted: { content: { funded: false } } }, 'accepted.funded'],
    ['receipt: over the draw', { receipt: { content: { ceiling: '351' } } }, 'draw.receipt'],
    ['receipt: of another cost', { receipt: { content: { cost: '212' } } }, 'statement.cost'],
    ['statement: another cost', { second: { content: { cost: '210' } } }, 'statement.cost'],
    [
      'statement: a cost that does not sum',
      { second: { content: { cost: '210' } } },
      'statement.chain',
    ],
    ['statement: more used', { second: { content: { used: '423' } } }, 'statement.chain'],
    ['statement: less used', { second: { content: { used: '421' } } }, 'statement.chain'],
    ['statement: a first with a past', { first: { content: { used: '212' } } }, 'statement.sum'],
    ['statement: less paid', { second: { content: { paid: '9999' } } }, 'statement.chain'],
    [
      'statement: less paid than acknowledged',
      { first: { content: { paid: '9999' } } },
      'statement.paid',
    ],
    ['statement: the same number', { second: { content: { n: 1 } } }, 'statement.once'],
    ['statement: another signer', { second: { by: OTHER } }, 'statement.signer'],
    ['statement: of another tab', { second: { to: OTHER } }, 'statement.tab'],
    ['statement: before its receipt', { second: { late: -64_000 } }, 'statement.time'],
  ])('%s', (_, change, check) => expect(found(change)).toContain(check))
})

/** The draw of job 1 under another job is not there for it: that is only said, since it may be another's. */
const found = (change: Changes): string[] => {
  const { findings, unchecked } = auditMoney(documentsOf(historyOf(change)), { secp })
  const lost = unchecked.some((it) => it.includes('which tab it was charged to'))
    ? ['accepted.funded']
    : []
  return [...lost, ...findings.filter((it) => !it.ok).map((it) => it.check)]
}

const payOf = (over: object) => ({
  payees: [],
  bind: 'hash',
  granularity: '1',
  keeps_days: 1,
  ...over,
})
