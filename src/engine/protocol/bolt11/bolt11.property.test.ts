import { bech32 } from '@scure/base'
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { MAX_MSAT, msat } from '../../base/money.ts'
import { readAmount, type Unit, writeAmount } from './amount.ts'
import { NEEDED, NODE, craft, secp, sign } from '../../../../test/vectors/bolt11-craft.ts'
import { decodeBolt11 } from './decode.ts'
import { draft } from '../../../../test/vectors/bolt11-drafts.ts'
import { encodeBolt11 } from './encode.ts'
import { BOLT11_FLAWS, type Invoice } from './invoice.ts'
import { payeeOf } from './payee.ts'
import { bytesOf, numberOf, wordsOfBytes, wordsOfNumber } from './words.ts'

test('what is written is read, and whose it is', () => {
  fc.assert(
    fc.property(draft, (it) => {
      const invoice = decodeBolt11(encodeBolt11(it, sign))
      if (typeof invoice === 'string') throw new Error(invoice)
      expect(invoice).toMatchObject(it)
      expect(payeeOf(invoice, secp)).toBe(NODE)
    }),
    { numRuns: 500, seed: 1 },
  )
})

const amount = fc
  .oneof(fc.bigInt({ min: 1n, max: MAX_MSAT }), fc.bigInt({ min: 1n, max: 10_000_000n }))
  .map(msat)

test('an amount is written in the largest unit, and read as it was', () => {
  fc.assert(
    fc.property(amount, (it) => {
      const [, digits, unit] = /^([1-9][0-9]*)([munp]?)$/.exec(writeAmount(it))!
      expect(readAmount(digits!, unit as Unit)).toBe(it)
      if (unit !== '' && unit !== 'p') expect(digits!.endsWith('000')).toBe(false)
    }),
    { numRuns: 2_000, seed: 2 },
  )
})

test('bytes and numbers come back from words', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.maxSafeNat(), (bytes, n) => {
      const words = wordsOfBytes(bytes)
      expect(bytesOf(words, 0, words.length)).toEqual(bytes)
      expect(words.every((it) => it >= 0 && it < 32)).toBe(true)
      const digits = wordsOfNumber(n)
      expect(numberOf(digits, 0, digits.length)).toBe(n)
      expect(digits[0]).not.toBe(0)
    }),
    { numRuns: 2_000, seed: 3 },
  )
})

const BECH32 = [...'qpzry9x8gf2tvdw0s3jn54khce6mua7l']
const anyChar = fc.constantFrom(...BECH32, ...'1234567890', 'b', 'i', 'o', 'Q', ' ', 'é', 'p')

/** The same prefix and words with a checksum that is right. */
const heal = (text: string): string => {
  const at = text.lastIndexOf('1')
  const words = Array.from(text.slice(at + 1, -6), (char) => BECH32.indexOf(char))
  if (!/^[!-~]+$/.test(text) || at < 1 || words.includes(-1)) return text
  return bech32.encode(text.slice(0, at), words, false)
}

test('no other character anywhere lets the payee say something else', () => {
  const amounts = ['2500u', '25m', '10n', '999999990p', '21'] as const
  const invoices = amounts.map((it) => craft(NEEDED, { prefix: `lnbc${it}` }))
  const seen = { refused: 0, stranger: 0 }
  fc.assert(
    fc.property(
      fc.constantFrom(...invoices),
      fc.nat(),
      anyChar,
      fc.boolean(),
      (text, n, char, healed) => {
        const at = healed && n % 2 ? 4 + (n % 7) : n % text.length
        fc.pre(text[at] !== char)
        const mutant = text.slice(0, at) + char + text.slice(at + 1)
        const read = decodeBolt11(healed ? heal(mutant) : mutant)
        // A checksum finds every single wrong character; who wants to deceive writes a new one.
        if (!healed) expect(typeof read).toBe('string')
        if (typeof read === 'string') seen.refused++
        else if (payeeOf(read, secp) !== NODE) seen.stranger++
        // The change was in the checksum, and is healed.
        else expect(read).toEqual(decodeBolt11(text) as Invoice)
      },
    ),
    { numRuns: 3_000, seed: 4 },
  )
  expect(seen.refused).toBeGreaterThan(1_000)
  expect(seen.stranger).toBeGreaterThan(100)
})

test('no junk throws, and each flaw is one of the list', () => {
  const word = fc.integer({ min: 0, max: 31 })
  const words = fc.array(word, { maxLength: 300, size: 'max' })
  const prefix = fc.constantFrom(
    'lnbc',
    'lnbc1u',
    'lnbcrt10n',
    'ln',
    'x',
    'lnbc99999999999999999999',
  )
  const junk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.tuple(prefix, words).map(([head, data]) => bech32.encode(head, data, false)),
    fc.tuple(prefix, words).map(([head, data]) => craft(data, { prefix: head })),
  )
  const seen = new Set<string>()
  fc.assert(
    fc.property(junk, (text) => {
      const read = decodeBolt11(text)
      if (typeof read === 'string') {
        expect(BOLT11_FLAWS).toContain(read)
        seen.add(read)
      } else payeeOf(read, secp)
    }),
    { numRuns: 2_000, seed: 5 },
  )
  expect(seen.size).toBeGreaterThan(6)
})
