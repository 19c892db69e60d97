import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Fault } from './fault.ts'
import { MAX_MSAT, msat, parseAmount, parseMsat, readAmount, showLeft, showMsat } from './money.ts'

/** What it is read as, or what is said of it. */
const read = (text: string): unknown => {
  try {
    return parseAmount(text, 'it')
  } catch (error) {
    const { kind, code, message, hint } = error as Fault
    return [kind, code, message.slice(`it ${text} `.length), hint]
  }
}
const refused = (why: string, hint: string, code = 'money.amount') => ['usage', code, why, hint]

test.each([
  ['5sat', 5_000n],
  ['500 msat', 500n],
  [' 3 sats ', 3_000n],
  ['1.5sat', 1_500n],
  ['0.001sat', 1n],
  ['1.500000sat', 1_500n],
  ['2.0msat', 2n],
  ['1,000sat', 1_000_000n],
  ['12,345.678sat', 12_345_678n],
  ['1,234,567 msat', 1_234_567n],
  ['1_000_000sat', 1_000_000_000n],
  ['0007sat', 7_000n],
  ['2100000000000000sat', MAX_MSAT],
] as const)('%s', (text, sum) => expect(read(text)).toBe(msat(sum)))

describe('a comma before a fraction is no separator of thousands', () => {
  test.each([
    ['1,5sat', '1.5sat'],
    ['1,50sat', '1.50sat'],
    ['0,5sat', '0.5sat'],
    ['0,500sat', '0.500sat'],
    ['10,5 sats', '10.5sats'],
    ['1,234,5sat', '1234.5sat'],
    ['1.234,56sat', '1234.56sat'],
    ['1.234.567,8sat', '1234567.8sat'],
  ])('%s, and with a point it is %s', (text, pointed) => {
    expect(read(text)).toEqual(refused('has a comma before its fraction', `write ${pointed}`))
    expect(read(pointed)).toEqual(expect.any(BigInt))
  })

  test.each([
    '01,000sat',
    '1.000,000sat',
    '1234,500sat',
    '1,000,000,0000sat',
    '01,000',
    '1000,500msat',
  ])('%s: no sum is named that is a thousand times smaller than may be meant', (text) => {
    const [, , , hint] = read(text) as string[]
    expect(hint).toMatch(/^write (it without commas|a number and its unit), such as /)
  })

  test.each([
    ['1,5msat', refused('is finer than an msat', 'write 1msat')],
    ['1,5', refused('has no unit', 'write 1.5sat', 'money.unit')],
  ])('%s', (text, said) => expect(read(text)).toEqual(said))
})

const OTHER = refused(
  'is not an amount',
  'write a number and its unit, such as 5sat, 1.5sat, 1,000sat or 500msat',
)
test.each([
  '1,,5sat',
  '1,5,0sat',
  '1,00,000sat',
  '1,2345sat',
  '1,sat',
  ',5sat',
  '1_5sat',
  '1_000,000sat',
  '1,000_000sat',
  '1__000sat',
  '_1sat',
  '0,000,001sat',
  '1,000.5,0sat',
  '1.5_0sat',
  '1.2.3sat',
  '1.sat',
  '1_000,5sat',
  '.5sat',
  '-1sat',
  '1e3sat',
  '١sat',
  '1,000,000.000,5sat',
  '5 btc',
  'sat',
  '',
  '1\nsat',
  `${'0'.repeat(200)}1sat`,
])('%p is not an amount', (text) => expect(read(text)).toEqual(OTHER))

test.each([
  ['5', refused('has no unit', 'write 5sat or 5msat', 'money.unit')],
  [
    '1,000',
    refused('has no unit', 'write 1000sat, or 1000msat, a thousandth of that', 'money.unit'),
  ],
  ['1.5', refused('has no unit', 'write 1.5sat', 'money.unit')],
  ['1.5msat', refused('is finer than an msat', 'write 1msat')],
  ['0.5msat', refused('is finer than an msat', 'the smallest is 1msat')],
  ['0.0001sat', refused('is finer than an msat', 'the smallest is 1msat')],
  ['2.7189sat', refused('is finer than an msat', 'write 2.718sat')],
  [
    '2100000000000000.001sat',
    refused('is more than all the money there is', 'write a smaller amount'),
  ],
])('%s: what is wrong, and what to write', (text, said) => expect(read(text)).toEqual(said))

const sums = fc.bigInt({ min: 0n, max: MAX_MSAT })

test('a sum is read as what it is, however it is written', () => {
  fc.assert(
    fc.property(sums, fc.constantFrom('', ',', '_'), (sum, mark) => {
      const grouped = (n: bigint) => String(n).replace(/\B(?=(...)+$)/g, mark)
      const fraction = String(sum % 1000n).padStart(3, '0')
      expect(read(`${grouped(sum)}msat`)).toBe(msat(sum))
      expect(read(`${grouped(sum / 1000n)}.${fraction} sat`)).toBe(msat(sum))
      expect(parseMsat(String(sum))).toBe(msat(sum))
    }),
  )
})

test('whatever is read as a sum has each separator before three digits, and is what it says without them', () => {
  const typed = fc.string({ unit: fc.constantFrom(...'0123456789,,__..'), maxLength: 12 })
  fc.assert(
    fc.property(typed, fc.constantFrom('sat', 'msat'), (number, unit) => {
      const sum = readAmount(number + unit)
      if (typeof sum !== 'bigint') return
      const [whole = '', fraction = ''] = number.split('.')
      const groups = whole.split(/[,_]/)
      expect(groups.slice(1).every((it) => it.length === 3)).toBe(true)
      expect(whole.includes(',') && whole.includes('_')).toBe(false)
      const thousandths = BigInt(fraction.slice(0, 3).padEnd(3, '0'))
      const all = BigInt(groups.join('')) * 1000n + thousandths
      expect(unit === 'sat' ? sum : sum * 1000n).toBe(msat(all))
    }),
    { numRuns: 2_000 },
  )
})

test('what a hint says to write is read', () => {
  const typed = fc.string({ unit: fc.constantFrom(...'0129,.'), minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(typed, fc.constantFrom('sat', 'msat', ''), (number, unit) => {
      const said = readAmount(number + unit)
      if (typeof said === 'bigint' || !said.hint.startsWith('write ')) return
      const sum = /^write ([0-9.]+m?sat)\b/.exec(said.hint)?.[1]
      if (sum !== undefined) expect(readAmount(sum)).toEqual(expect.any(BigInt))
    }),
    { numRuns: 1_000 },
  )
})

test('what is shown is read as the same, to three digits', () => {
  fc.assert(
    fc.property(sums, (sum) => {
      const again = readAmount(showMsat(msat(sum)))
      const off = (again as bigint) - sum
      expect((off < 0n ? -off : off) * 200n <= sum).toBe(true)
    }),
  )
})

test('what is left is never shown as more than it is, and as no more than a hundredth less', () => {
  fc.assert(
    fc.property(sums, (sum) => {
      const shown = readAmount(showLeft(sum)) as bigint
      expect(shown <= sum && (sum - shown) * 100n <= sum).toBe(true)
    }),
  )
  expect([9_998n, 999_999n, 1_000_999n, 99_999_999n, 0n].map(showLeft)).toEqual([
    '9.99 sat',
    '999 sat',
    '1,000 sat',
    '99,999 sat',
    '0 msat',
  ])
})
