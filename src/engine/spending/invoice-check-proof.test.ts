// Attacks with proofs; numbers as in invoice-check.test.ts.
import { describe, expect, test } from 'bun:test'
import { msat } from '../base/money.ts'
import { paymentHash } from '../protocol/ids.ts'
import {
  AGREED,
  CLIENT,
  HASH,
  NODE,
  OTHER,
  PREIMAGE,
  ROUTER,
  RULES,
  STRANGER,
  TERMS,
  clock,
  proof,
  sec,
  signedInvoice,
} from './invoice-check.case.ts'
import { type Proof, proofFlaw, rememberUntil } from './invoice-check-proof.ts'
import type { Agreed } from './invoice-check.ts'

const check = (
  shown: Partial<Proof> = {},
  expected: Partial<Agreed> = {},
  now: ReturnType<typeof clock> | null = clock(30),
) => proofFlaw(proof(shown), { ...AGREED, ...expected }, { ...RULES, now })

const paid = (signer = NODE, hash: string = HASH) => ({ paid: { signer, paymentHash: hash } })

test('an honest proof holds, by preimage or by the payee’s word', () => {
  expect(check()).toBeNull()
  expect(check({ evidence: paid() })).toBeNull()
})

test('of a tab, which names no router', () => {
  const tab = { for: 'topup', router: '' } as const
  expect(check({ invoice: signedInvoice({ terms: tab }) }, tab)).toBeNull()
})

describe('1: a proof without money', () => {
  test.each([
    ['zeros', '00'.repeat(32)],
    ['the payment hash', HASH],
    ['nothing', ''],
    ['another', '08'.repeat(32)],
    ['capitals', PREIMAGE.toUpperCase()],
    ['a byte too many', `${PREIMAGE}00`],
    ['the invoice itself', signedInvoice().bolt11],
  ])('%s is no preimage', (_, preimage) =>
    expect(check({ evidence: { preimage } })).toBe('pay.preimage'),
  )

  test('a word that it was paid by somebody else, or of another payment', () => {
    expect(check({ evidence: paid(CLIENT) })).toBe('pay.acknowledgement')
    expect(check({ evidence: paid(ROUTER) })).toBe('pay.acknowledgement')
    expect(check({ evidence: paid(NODE, 'ab'.repeat(32)) })).toBe('pay.acknowledgement')
  })

  test('the preimage of another invoice', () => {
    const invoice = signedInvoice({ invoice: { paymentHash: paymentHash('ab'.repeat(32)) } })
    expect(check({ invoice })).toBe('pay.preimage')
    expect(check({ invoice, evidence: paid() })).toBe('pay.acknowledgement')
  })
})

describe('3, 5: not the payee’s invoice, or not its amount', () => {
  test('one that the payee never signed', () => {
    expect(check({ invoice: signedInvoice({ signer: CLIENT }) })).toBe('pay.signer')
    expect(check({ invoice: signedInvoice({ terms: { payee: OTHER } }) })).toBe('pay.payee')
    expect(check({ invoice: signedInvoice({ key: STRANGER }) })).toBe('pay.not_pinned')
  })

  test('one for less than the terms say', () => {
    const invoice = signedInvoice({ invoice: { msat: msat(1_000n) } })
    expect(check({ invoice })).toBe('pay.amount')
    expect(check({ invoice: signedInvoice({ invoice: { msat: null } }) })).toBe('pay.no_amount')
  })

  test('an invoice of this amount for something else: LNURL, a gift, no terms at all', () => {
    const invoice = signedInvoice({ invoice: { descriptionHash: 'ab'.repeat(32) } })
    expect(check({ invoice })).toBe('pay.unbound')
  })
})

describe('6: the same proof again', () => {
  test('for another job, tab or purpose', () => {
    expect(check({}, { ref: 'ab'.repeat(32) })).toBe('pay.ref')
    expect(check({}, { for: 'after' })).toBe('pay.purpose')
  })

  test('it is refused from the moment on from which its hash may be forgotten', () => {
    const forgotten = rememberUntil(TERMS)
    expect(forgotten).toBe(sec(120 + 86_400))
    const justBefore = clock(120 + 86_400 - 1)
    expect(check({}, {}, justBefore)).toBeNull()
    expect(check({}, {}, clock(120 + 86_400))).toBe('pay.stale')
    // An invoice that lives longer than its terms is not remembered longer.
    const longer = signedInvoice({ invoice: { expirySec: 10_000_000 } })
    expect(check({ invoice: longer }, {}, clock(120 + 86_400))).toBe('pay.stale')
  })

  test('one hash in two invoices is one hash, by which it is remembered', () => {
    const second = signedInvoice({ terms: { ref: 'ab'.repeat(32) } })
    const both = [check(), check({ invoice: second }, { ref: 'ab'.repeat(32) })]
    expect(both).toEqual([null, null])
  })
})

describe('7: the same proof shown to several routers', () => {
  test('holds at the one that the terms name', () => {
    expect(check({}, { router: OTHER })).toBe('pay.router')
    expect(check({ invoice: signedInvoice({ terms: { router: OTHER } }) })).toBe('pay.router')
    expect(check({ invoice: signedInvoice({ terms: { router: '' } }) })).toBe('pay.router')
  })
})

describe('8: a stolen proof', () => {
  test('in the hands of another key', () => {
    expect(check({ signer: OTHER })).toBe('pay.payer')
    expect(check({ signer: ROUTER })).toBe('pay.payer')
    expect(check({ signer: NODE })).toBe('pay.payer')
  })

  test('with terms that name the thief: then the invoice does not', () => {
    const mine = signedInvoice({ terms: { payer: OTHER } })
    const stolen = { ...signedInvoice(), terms: mine.terms }
    expect(check({ invoice: stolen, signer: OTHER })).toBe('pay.unbound')
  })
})

describe('14: when it was paid', () => {
  test('a proof that comes after the end of the invoice holds: it may have been paid before', () => {
    expect(check({}, {}, clock(121))).toBeNull()
  })

  test('one of an invoice that could never be paid does not', () => {
    expect(check({ invoice: signedInvoice({ invoice: { expirySec: 0 } }) })).toBe('pay.expired')
    expect(check({ invoice: signedInvoice({ invoice: { timestamp: sec(130) } }) })).toBe(
      'pay.expired',
    )
    expect(check({ invoice: signedInvoice({ invoice: { timestamp: sec(-121) } }) })).toBe(
      'pay.expired',
    )
  })

  test('nor one of the day after tomorrow', () => {
    expect(check({}, {}, clock(-60))).toBeNull()
    expect(check({}, {}, clock(-61))).toBe('pay.from_future')
  })

  test('an auditor reads it a year later', () => {
    expect(check({}, {}, clock(31_536_000))).toBe('pay.stale')
    expect(check({}, {}, null)).toBeNull()
    expect(check({ evidence: { preimage: '00' } }, {}, null)).toBe('pay.preimage')
  })
})

test('24: a proof of play money is none on mainnet', () => {
  expect(check({}, { net: 'mainnet' })).toBe('pay.net')
  const real = signedInvoice({ terms: { net: 'mainnet' }, invoice: { prefix: 'bcrt' } })
  expect(check({ invoice: real }, { net: 'mainnet' })).toBe('pay.net')
})

test('25: junk is named, and nothing throws', () => {
  expect(check({ invoice: { terms: '', bolt11: '', signer: NODE } })).toBe('terms.json')
  expect(check({ invoice: { ...signedInvoice(), bolt11: '\u0000' } })).toBe('bolt11.text')
})

test('no flaw says a preimage', () => {
  const canary = '5e'.repeat(32)
  expect(String(check({ evidence: { preimage: canary } }))).not.toContain(canary)
})
