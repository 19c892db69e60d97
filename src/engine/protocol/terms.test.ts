import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { UnixSec } from '../base/clock.ts'
import { MAX_MSAT, MOST_AMOUNT, msat } from '../base/money.ts'
import { NETS } from './event.ts'
import { eventId, pubKey } from './ids.ts'
import {
  PURPOSES,
  TERMS_FLAWS,
  type Terms,
  parseTerms,
  termsHash,
  termsMemo,
  termsText,
} from './terms.ts'

const sec = (n: number) => n as UnixSec
const terms: Terms = {
  net: 'sim',
  payee: pubKey('a1'.repeat(32)),
  payer: pubKey('b2'.repeat(32)),
  router: '',
  for: 'topup',
  ref: 'c3'.repeat(32),
  seq: 3,
  msat: msat(100_000n),
  price: eventId('d4'.repeat(32)),
  cum_used_msat: msat(412_345n),
  iat: sec(1_795_350_000),
  exp: sec(1_795_350_120),
}
const text = termsText(terms)
const router = pubKey('e5'.repeat(32))

test('the text is this one, for ever', () => {
  expect(text).toBe(
    `{"cum_used_msat":"412345","exp":"1795350120","for":"topup","iat":"1795350000","msat":"100000","net":"sim",` +
      `"payee":"${terms.payee}","payer":"${terms.payer}","price":"${terms.price}","ref":"${terms.ref}",` +
      `"router":"","seq":"3","v":"fedai-pay/1"}`,
  )
  const hash = createHash('sha256').update(text, 'utf8').digest('hex')
  expect(termsHash(text)).toBe(hash)
  expect(termsMemo(text)).toBe(`fedai-pay/1:${hash}`)
})

test('what was written is read', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((it) => it.toHex())
  const any: fc.Arbitrary<Terms> = fc
    .record({
      net: fc.constantFrom(...NETS),
      payee: key.map(pubKey),
      payer: key.map(pubKey),
      for: fc.constantFrom(...PURPOSES),
      ref: key,
      seq: fc.nat(),
      msat: fc.bigInt({ min: 1_000n, max: MOST_AMOUNT }).map(msat),
      cum_used_msat: fc.bigInt({ min: 0n, max: MAX_MSAT }).map(msat),
      iat: fc.nat().map(sec),
      life: fc.integer({ min: 1, max: 86_400 }),
      sheet: key.map(eventId),
      through: fc.option(key.map(pubKey), { nil: '' as const }),
    })
    .map(({ life, sheet, through, ...rest }) => ({
      ...rest,
      router: rest.for === 'topup' ? '' : through,
      price: rest.for === 'route' ? '' : sheet,
      exp: sec(rest.iat + life),
    }))
  fc.assert(
    fc.property(any, (it) => {
      const written = termsText(it)
      expect(parseTerms(written)).toEqual(it)
      const keys = Object.keys(JSON.parse(written) as object)
      expect(keys).toEqual(keys.toSorted())
      expect(written).not.toMatch(/\s/)
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('the exact text counts, and whoever wrote it spaces it as he likes', () => {
  const spaced = text.replaceAll(',', ', ')
  expect(parseTerms(spaced)).toEqual(terms)
  expect(termsHash(spaced)).not.toBe(termsHash(text))
})

const changed = (change: Record<string, unknown>): string => {
  const said: Record<string, unknown> = { ...(JSON.parse(text) as object), ...change }
  return JSON.stringify(said)
}

describe('it is refused', () => {
  test.each([
    ['', 'terms.json'],
    ['null', 'terms.shape'],
    ['[]', 'terms.shape'],
    ['"fedai-pay/1"', 'terms.shape'],
    ['{}', 'terms.shape'],
    ['{', 'terms.json'],
    [`${text} x`, 'terms.json'],
    ['{'.repeat(5_000), 'terms.json'],
    [text.replace('"seq":"3"', '"seq":"3","seq":"3"'), 'terms.json'],
    [text.replace('"seq":"3"', '"seq":"3","s\\u0065q":"4"'), 'terms.json'],
    [text.replace('"router":""', '"router":"\\ud800"'), 'terms.json'],
    [text.replace('}', `${' '.repeat(2_048)}}`), 'terms.json'],
    [text.replace('{', '{"__proto__":"x",'), 'terms.shape'],
    [changed({ more: 'x' }), 'terms.shape'],
    [changed({ router: {} }), 'terms.json'],
    [changed({ router: [] }), 'terms.json'],
    [changed({ v: 'fedai-pay/2' }), 'terms.shape'],
    [changed({ net: 'signet' }), 'terms.shape'],
    [changed({ for: 'tip' }), 'terms.shape'],
    [changed({ payee: terms.payee.toUpperCase() }), 'terms.shape'],
    [changed({ payer: '' }), 'terms.shape'],
    [changed({ ref: 'c3' }), 'terms.shape'],
    [changed({ seq: 3 }), 'terms.shape'],
    [changed({ seq: '03' }), 'terms.shape'],
    [changed({ seq: '-1' }), 'terms.shape'],
    [changed({ seq: '12345678901' }), 'terms.shape'],
    [changed({ msat: 100_000 }), 'terms.shape'],
    [changed({ msat: '1e5' }), 'terms.shape'],
    [changed({ msat: '100000.0' }), 'terms.shape'],
    [changed({ msat: ' 100000' }), 'terms.shape'],
    [changed({ msat: String(MOST_AMOUNT + 1n) }), 'terms.shape'],
    [changed({ cum_used_msat: String(MAX_MSAT + 1n) }), 'terms.shape'],
    [changed({ msat: null }), 'terms.shape'],
    [changed({ msat: '999' }), 'terms.amount'],
    [changed({ msat: '0' }), 'terms.amount'],
    [changed({ router }), 'terms.purpose'],
    [changed({ price: '' }), 'terms.purpose'],
    [changed({ for: 'route' }), 'terms.purpose'],
    [changed({ exp: String(terms.iat) }), 'terms.times'],
    [changed({ exp: '0' }), 'terms.times'],
    [changed({ exp: String(terms.iat + 86_401) }), 'terms.times'],
    [changed({ exp: '99999999999' }), 'terms.times'],
    [changed({ exp: '999999999999' }), 'terms.shape'],
  ] as const)('%#', (it, flaw) => expect(parseTerms(it)).toBe(flaw))

  test('without any one of its keys', () => {
    const keys = Object.keys(JSON.parse(text) as object)
    expect(keys).toHaveLength(13)
    for (const key of keys) expect(parseTerms(changed({ [key]: undefined }))).toBe('terms.shape')
  })

  test('with a flaw of the list, whatever it is, and nothing throws', () => {
    const junk = fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.constantFrom(text, ''))
    const cut = fc.nat({ max: 400 })
    fc.assert(
      fc.property(junk, cut, fc.string({ maxLength: 3 }), (it, at, put) => {
        const read = parseTerms(it.slice(0, at) + put + it.slice(at))
        if (typeof read === 'string') expect(TERMS_FLAWS).toContain(read)
      }),
      { numRuns: 2_000, seed: 2 },
    )
  })
})

test('edges that are just inside', () => {
  expect(parseTerms(changed({ msat: '1000' }))).toMatchObject({ msat: 1_000n })
  expect(parseTerms(changed({ exp: String(terms.iat + 86_400) }))).toMatchObject({ seq: 3 })
  expect(parseTerms(changed({ for: 'route', price: '', router }))).toMatchObject({ router })
  expect(parseTerms(changed({ for: 'job', router }))).toMatchObject({ router })
  expect(parseTerms(changed({ for: 'after' }))).toMatchObject({ router: '' })
})

test('nothing is written that would not be read', () => {
  expect(() => termsText({ ...terms, router })).toThrow(RangeError)
  expect(() => termsText({ ...terms, msat: msat(999n) })).toThrow(RangeError)
  expect(() => termsText({ ...terms, exp: terms.iat })).toThrow(RangeError)
  expect(() => termsText({ ...terms, seq: 1.5 })).toThrow(RangeError)
  const loaded = { ...terms, secret: 'x' }
  expect(termsText(loaded)).toBe(text)
})
