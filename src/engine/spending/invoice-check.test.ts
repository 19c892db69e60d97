// The attacks of docs/threat-model.md that an invoice can carry. Numbers are those of the research
// that they were found in (lightning.md, section 5).
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { UnixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { termsHash, termsMemo, termsText } from '../protocol/terms.ts'
import {
  EXPECTED,
  HASH,
  LIGHTNING,
  OTHER,
  ROUTER,
  RULES,
  SHEET,
  STRANGER,
  TERMS,
  clock,
  keyOf,
  sec,
  signedInvoice,
} from './invoice-check.case.ts'
import { type CheckRules, type Expected, invoiceFlaw, payableUntil } from './invoice-check.ts'

const check = (
  signed = signedInvoice(),
  expected: Partial<Expected> = {},
  rules: Partial<CheckRules & { now: UnixMs; minLifeSec: number }> = {},
) => invoiceFlaw(signed, { ...EXPECTED, ...expected }, { ...RULES, now: clock(1), ...rules })

test('an honest invoice is paid', () => {
  expect(check()).toBeNull()
  expect(check(signedInvoice(), {}, { pinnedKeys: [] })).toBeNull()
  const { price: _, ...anySheet } = EXPECTED
  expect(invoiceFlaw(signedInvoice(), anySheet, { ...RULES, now: clock(1) })).toBeNull()
})

test('of a tab, of a debt, and of a router', () => {
  const topup = { for: 'topup', router: '', seq: 4 } as const
  expect(check(signedInvoice({ terms: topup }), topup)).toBeNull()
  const after = { for: 'after', router: '' } as const
  expect(check(signedInvoice({ terms: after }), after)).toBeNull()
  const route = { for: 'route', payee: ROUTER, price: '' } as const
  expect(check(signedInvoice({ terms: route }), route)).toBeNull()
})

test('23: the fee of a router: exactly what it offered, on an invoice that is loose only where it said so', () => {
  const route = { for: 'route', payee: ROUTER, price: '', msat: TERMS.msat } as const
  const honest = { terms: route, signer: ROUTER }
  expect(check(signedInvoice(honest), route)).toBeNull()
  const dearer = { ...route, msat: msat(TERMS.msat + 1n) }
  expect(check(signedInvoice({ ...honest, terms: dearer }), route)).toBe('pay.amount')
  const other = signedInvoice({ ...honest, terms: { ...route, seq: 9 } })
  const loose = { ...signedInvoice(honest), bolt11: other.bolt11 }
  expect(check(loose, route)).toBe('pay.unbound')
  expect(check(loose, route, { allowUnbound: true })).toBeNull()
  // Its signature over both is all that there is: it must be the router's.
  expect(check({ ...loose, signer: OTHER }, route, { allowUnbound: true })).toBe('pay.signer')
  // And work is never paid so.
  const work = { ...signedInvoice(), bolt11: signedInvoice({ terms: { seq: 9 } }).bolt11 }
  expect(check(work, {}, { allowUnbound: true })).toBe('pay.unbound')
})

describe('3: an invoice put in place of the node’s', () => {
  test('by a router, under its own key', () => {
    expect(check(signedInvoice({ signer: ROUTER }))).toBe('pay.signer')
    expect(check(signedInvoice({ terms: { payee: ROUTER } }))).toBe('pay.payee')
  })

  test('the node’s terms with an invoice of somebody else', () => {
    expect(check(signedInvoice({ key: STRANGER }))).toBe('pay.not_pinned')
    expect(
      check(signedInvoice({ key: STRANGER }), {}, { pinnedKeys: [keyOf(STRANGER)] }),
    ).toBeNull()
  })

  test('by one who has an account at the same custodian: key and hash are right, the signer is not', () => {
    const forged = signedInvoice({ key: LIGHTNING, signer: OTHER })
    expect(check(forged)).toBe('pay.signer')
  })

  test('another invoice of the node, for other terms', () => {
    const other = signedInvoice({ terms: { seq: 9 } })
    expect(check({ ...signedInvoice(), bolt11: other.bolt11 })).toBe('pay.unbound')
    expect(check({ ...signedInvoice(), terms: other.terms })).toBe('pay.unbound')
  })

  test('the same terms, written anew', () => {
    const { terms, ...rest } = signedInvoice()
    expect(check({ ...rest, terms: terms.replaceAll(',', ', ') })).toBe('pay.unbound')
    const spaced = terms.replaceAll(',', ', ')
    expect(check(signedInvoice({ text: spaced }))).toBeNull()
  })

  test('one that names a key and is signed by another', () => {
    const named = (payee: Uint8Array) => signedInvoice({ invoice: { payee: keyOf(payee) } })
    expect(check(named(LIGHTNING))).toBeNull()
    expect(check(named(STRANGER))).toBe('pay.signature')
  })

  test('one that was made for another client, job, router, sheet or purpose', () => {
    expect(check(signedInvoice({ terms: { payer: OTHER } }))).toBe('pay.payer')
    expect(check(signedInvoice({ terms: { ref: 'ab'.repeat(32) } }))).toBe('pay.ref')
    expect(check(signedInvoice({ terms: { router: OTHER } }))).toBe('pay.router')
    expect(check(signedInvoice({ terms: { router: '' } }))).toBe('pay.router')
    expect(check(signedInvoice(), { price: `0${SHEET.slice(1)}` as typeof SHEET })).toBe(
      'pay.price',
    )
    expect(check(signedInvoice({ terms: { for: 'after' } }))).toBe('pay.purpose')
    expect(check(signedInvoice({ terms: { seq: 1 } }))).toBe('pay.seq')
  })

  test('a memo binds only where it was agreed on', () => {
    const text = termsText(TERMS)
    const memo = (description: string) =>
      signedInvoice({ invoice: { description, descriptionHash: null } })
    expect(check(memo(termsMemo(text)))).toBe('pay.unbound')
    expect(check(memo(termsMemo(text)), {}, { allowMemo: true })).toBeNull()
    for (const wrong of [termsHash(text), `${termsMemo(text)} `, `x${termsMemo(text)}`, text, ''])
      expect(check(memo(wrong), {}, { allowMemo: true })).toBe('pay.unbound')
    expect(check(signedInvoice(), {}, { allowMemo: true })).toBeNull()
  })
})

describe('5: another amount', () => {
  test.each([
    [{ msat: null }, 'pay.no_amount'],
    [{ msat: msat(20_999n) }, 'pay.amount'],
    [{ msat: msat(21_001n) }, 'pay.amount'],
    [{ msat: msat(21_000_000n) }, 'pay.amount'],
  ] as const)('in the invoice: %#', (invoice, flaw) => {
    expect(check(signedInvoice({ invoice }))).toBe(flaw)
  })

  test('in invoice and terms alike', () => {
    expect(check(signedInvoice({ terms: { msat: msat(21_001n) } }))).toBe('pay.amount')
    expect(check(signedInvoice(), { msat: { most: msat(21_000n) } })).toBeNull()
    expect(check(signedInvoice(), { msat: { most: msat(20_999n) } })).toBe('pay.amount')
  })

  test('below what Lightning carries', () => {
    const text = termsText(TERMS).replace('"21000"', '"999"')
    expect(check(signedInvoice({ text, invoice: { msat: msat(999n) } }))).toBe('terms.amount')
  })
})

describe('10: money locked for long', () => {
  test('an invoice that asks for more than two days of blocks', () => {
    expect(check(signedInvoice({ invoice: { minFinalCltv: 300 } }))).toBeNull()
    expect(check(signedInvoice({ invoice: { minFinalCltv: 301 } }))).toBe('pay.cltv')
  })
})

describe('14: at the end of its life', () => {
  const at = (seconds: number, more = {}) =>
    check(signedInvoice(), {}, { now: clock(seconds), ...more })

  test('it is paid while more than 15 s are left', () => {
    expect(at(104.999)).toBeNull()
    expect(at(105)).toBe('pay.expired')
    expect(at(119)).toBe('pay.expired')
    expect(at(1e9)).toBe('pay.expired')
    expect(at(104, { minLifeSec: 16 })).toBe('pay.expired')
    expect(at(119, { minLifeSec: 0 })).toBeNull()
    expect(at(120, { minLifeSec: 0 })).toBe('pay.expired')
  })

  test('the earlier end counts, of the terms or of the invoice', () => {
    expect(check(signedInvoice({ invoice: { expirySec: 16 } }))).toBe('pay.expired')
    expect(check(signedInvoice({ invoice: { expirySec: 86_400 } }), {}, { now: clock(106) })).toBe(
      'pay.expired',
    )
    expect(check(signedInvoice({ invoice: { timestamp: sec(-110) } }))).toBe('pay.expired')
    expect(payableUntil({ exp: sec(50) }, { timestamp: sec(0), expirySec: 60 })).toBe(sec(50))
    expect(payableUntil({ exp: sec(70) }, { timestamp: sec(0), expirySec: 60 })).toBe(sec(60))
    expect(
      payableUntil({ exp: sec(70) }, { timestamp: sec(0), expirySec: Number.MAX_SAFE_INTEGER }),
    ).toBe(sec(70))
  })

  test('clocks may be a minute apart', () => {
    expect(at(-60)).toBeNull()
    expect(at(-61)).toBe('pay.from_future')
    expect(check(signedInvoice({ invoice: { timestamp: sec(62) } }))).toBe('pay.from_future')
  })
})

describe('24: another network', () => {
  test.each([
    ['the terms', signedInvoice({ terms: { net: 'mainnet' } })],
    ['the invoice', signedInvoice({ invoice: { prefix: 'bc' } })],
    ['the terms alone', signedInvoice({ terms: { net: 'mainnet' }, invoice: { prefix: 'bcrt' } })],
    ['regtest for play money', signedInvoice({ terms: { net: 'regtest' } })],
    ['simnet for play money', signedInvoice({ invoice: { prefix: 'sb' } })],
    ['signet for play money', signedInvoice({ invoice: { prefix: 'tbs' } })],
  ])('%s', (_, signed) => expect(check(signed)).toBe('pay.net'))

  test('play money on mainnet, in whatever half', () => {
    const real = { net: 'mainnet' } as const
    expect(check(signedInvoice(), real)).toBe('pay.net')
    expect(check(signedInvoice({ terms: real, invoice: { prefix: 'bcrt' } }), real)).toBe('pay.net')
    expect(check(signedInvoice({ terms: real, invoice: { prefix: 'tb' } }), real)).toBe('pay.net')
    expect(check(signedInvoice({ terms: real }), real)).toBeNull()
  })
})

describe('25: malicious bytes', () => {
  test('terms and invoices that are none are named, and nothing throws', () => {
    const { terms, bolt11 } = signedInvoice()
    expect(check({ ...signedInvoice(), terms: '{'.repeat(100_000) })).toBe('terms.json')
    expect(check({ ...signedInvoice(), bolt11: 'lnbc1'.repeat(10_000) })).toBe('bolt11.text')
    expect(check({ ...signedInvoice(), bolt11: `${bolt11}q` })).toBe('bolt11.bech32')
    expect(check({ ...signedInvoice(), terms: terms.replace('{', '{"x":"1",') })).toBe(
      'terms.shape',
    )
    expect(check(signedInvoice({ invoice: { features: [8, 14, 30] } }))).toBe('bolt11.feature')
  })

  test('a description stays in the invoice: no word that is given out contains it', () => {
    const evil = '<script>alert(1)</script>'
    const flaw = check(signedInvoice({ invoice: { description: evil, descriptionHash: null } }))
    expect(flaw).toBe('pay.unbound')
  })

  test('any change of any character of either is a flaw', () => {
    const honest = signedInvoice()
    const which = fc.constantFrom('terms' as const, 'bolt11' as const)
    const char = fc.string({ unit: 'binary', minLength: 0, maxLength: 2 })
    fc.assert(
      fc.property(which, fc.nat(), char, (field, n, put) => {
        const at = n % honest[field].length
        const text = honest[field].slice(0, at) + put + honest[field].slice(at + 1)
        fc.pre(text !== honest[field])
        expect(check({ ...honest, [field]: text })).not.toBeNull()
      }),
      { numRuns: 1_500, seed: 3 },
    )
  })
})

test('no party and no number may be another one', () => {
  // Each alone, in what was expected: an invoice that passes is this one and no other.
  const others: Partial<Expected>[] = [
    { net: 'regtest' },
    { payee: OTHER },
    { payer: OTHER },
    { router: OTHER },
    { router: '' },
    { for: 'after' },
    { ref: HASH },
    { seq: 1 },
    { msat: msat(20_999n) },
    { price: '' },
  ]
  for (const other of others) expect(check(signedInvoice(), other)).not.toBeNull()
})
