import { bech32, bech32m } from '@scure/base'
import { describe, expect, test } from 'bun:test'
import { NETS } from '../event.ts'
import {
  DRAFT,
  NEEDED,
  NODE,
  craft,
  field,
  secp,
  sign,
} from '../../../../test/vectors/bolt11-craft.ts'
import { decodeBolt11 } from './decode.ts'
import { encodeBolt11 } from './encode.ts'
import { PREFIXES, fitsNet, prefixOf } from './invoice.ts'
import { payeeOf } from './payee.ts'

const good = encodeBolt11(DRAFT, sign)

test('what is needed is enough', () => {
  const invoice = decodeBolt11(craft(NEEDED))
  if (typeof invoice === 'string') throw new Error(invoice)
  expect(invoice).toMatchObject({ msat: 21_000n, expirySec: 3600, minFinalCltv: 18 })
  expect(payeeOf(invoice, secp)).toBe(NODE)
})

describe('the text', () => {
  test.each([
    ['', 'bolt11.bech32'],
    ['1', 'bolt11.bech32'],
    [good.slice(0, -1), 'bolt11.bech32'],
    [`${good}q`, 'bolt11.bech32'],
    [good.replace('lnbcrt', 'LNbcrt'), 'bolt11.bech32'],
    [` ${good}`, 'bolt11.text'],
    [`${good}\n`, 'bolt11.text'],
    [`lightning:${good}`, 'bolt11.bech32'],
    [`${good}\u0000`, 'bolt11.text'],
    // Lower-cased it is the very same invoice: for who looks at it before.
    [good.toUpperCase().replace('K', '\u212a'), 'bolt11.text'],
    ['a'.repeat(4097), 'bolt11.text'],
    ['1'.repeat(4096), 'bolt11.bech32'],
    ['\ud800'.repeat(10), 'bolt11.text'],
    [bech32.encode('lnbcrt210n', [1, 2, 3]), 'bolt11.short'],
    [bech32.encode('lnbcrt210n', Array(110).fill(0), false), 'bolt11.short'],
    [bech32.encode('lnbcrt210n', Array(111).fill(0), false), 'bolt11.no_payment_hash'],
    [bech32.encode('bcrt', [1, 2, 3]), 'bolt11.prefix'],
  ] as const)('%#', (text, flaw) => expect(decodeBolt11(text)).toBe(flaw))

  test('in capitals it is the same', () => {
    expect(good).toMatch(/k/)
    expect(decodeBolt11(good.toUpperCase())).toEqual(decodeBolt11(good))
  })

  test('bech32m is another code', () => {
    const { prefix, words } = bech32.decode(good as `${string}1${string}`, false)
    expect(decodeBolt11(bech32.encode(prefix, words, false))).toEqual(decodeBolt11(good))
    expect(decodeBolt11(bech32m.encode(prefix, words, false))).toBe('bolt11.bech32')
  })
})

describe('prefix and amount', () => {
  test.each([
    ['lnbc', 'bc', null],
    ['lntb1m', 'tb', 100_000_000n],
    ['lntbs1u', 'tbs', 100_000n],
    ['lnbcrt10n', 'bcrt', 1_000n],
    ['lnbcrt10p', 'bcrt', 1n],
    ['lnsb1', 'sb', 100_000_000_000n],
    ['lnbc21000000', 'bc', 2_100_000_000_000_000_000n],
    ['lnbc21000000000000000000p', 'bc', 2_100_000_000_000_000_000n],
  ] as const)('%s', (prefix, currency, amount) => {
    expect(decodeBolt11(craft(NEEDED, { prefix }))).toMatchObject({
      prefix: currency,
      msat: amount,
    })
  })

  test.each([
    ['lnbc01u', 'bolt11.amount'],
    ['lnbc0', 'bolt11.amount'],
    ['lnbc0u', 'bolt11.amount'],
    ['lnbc1x', 'bolt11.amount'],
    ['lnbc1p', 'bolt11.amount'],
    ['lnbc11p', 'bolt11.amount'],
    ['lnbc1uu', 'bolt11.amount'],
    ['lnbc1.5u', 'bolt11.amount'],
    ['lnbc1e3u', 'bolt11.amount'],
    ['lnbc1-u', 'bolt11.amount'],
    ['lnbc21000001', 'bolt11.amount'],
    ['lnbc21000000000000000010p', 'bolt11.amount'],
    [`lnbc${'9'.repeat(60)}`, 'bolt11.amount'],
    ['lnbcu', 'bolt11.prefix'],
    ['lnbc-1u', 'bolt11.prefix'],
    ['ln', 'bolt11.prefix'],
    ['lnltc1u', 'bolt11.prefix'],
    ['lnbcr1u', 'bolt11.prefix'],
    ['bc1u', 'bolt11.prefix'],
  ] as const)('%s is refused', (prefix, flaw) => {
    expect(decodeBolt11(craft(NEEDED, { prefix }))).toBe(flaw)
  })

  test('which network a prefix is of', () => {
    const fitting = NETS.map((net) => [net, PREFIXES.filter((it) => fitsNet(it, net))])
    expect(Object.fromEntries(fitting)).toEqual({
      mainnet: ['bc'],
      testnet: ['tb', 'tbs'],
      regtest: ['bcrt', 'sb'],
      sim: ['bcrt'],
    })
    for (const net of NETS) expect(fitsNet(prefixOf(net), net)).toBe(true)
  })
})

describe('the signature', () => {
  const key = field('payee', secp.point(new Uint8Array(32).fill(9)))
  const own = field('payee', Uint8Array.fromHex(NODE))
  const high = (it: Uint8Array) => {
    const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const s = n - BigInt(`0x${it.subarray(32, 64).toHex()}`)
    const turned = Uint8Array.fromHex(s.toString(16).padStart(64, '0'))
    return Uint8Array.of(...it.subarray(0, 32), ...turned, 1 - it[64]!)
  }
  const payee = (text: string) => {
    const invoice = decodeBolt11(text)
    return typeof invoice === 'string' ? invoice : payeeOf(invoice, secp)
  }

  test('is recovered, with a high S too', () => {
    expect(payee(craft(NEEDED))).toBe(NODE)
    expect(payee(craft(NEEDED, { twist: high }))).toBe(NODE)
  })

  test('is held against n, with a low S only', () => {
    expect(payee(craft([...NEEDED, ...own]))).toBe(NODE)
    expect(payee(craft([...NEEDED, ...own], { twist: high }))).toBeNull()
    expect(payee(craft([...NEEDED, ...key]))).toBeNull()
    expect(payee(craft([...NEEDED, ...field('payee', new Uint8Array(33).fill(2))]))).toBeNull()
  })

  test('has a recovery id of 0 to 3', () => {
    const with64 = (id: number) => (it: Uint8Array) => it.with(64, id)
    expect(payee(craft(NEEDED, { twist: with64(4) }))).toBe('bolt11.recovery')
    expect(payee(craft(NEEDED, { twist: with64(255) }))).toBe('bolt11.recovery')
    // Nobody who has a key can make one with these.
    for (const id of [2, 3]) expect(payee(craft(NEEDED, { twist: with64(id) }))).toBeNull()
  })

  test('of zeros is nobody’s', () => {
    expect(payee(craft(NEEDED, { twist: () => new Uint8Array(65) }))).toBeNull()
  })
})

test('the writer refuses what is no invoice', () => {
  const refuse = (change: Partial<typeof DRAFT>) =>
    expect(() => encodeBolt11({ ...DRAFT, ...change }, sign)).toThrow(RangeError)
  refuse({ description: 'a' })
  refuse({ descriptionHash: null })
  refuse({ description: 'a'.repeat(640), descriptionHash: null })
  refuse({ timestamp: (2 ** 35) as typeof DRAFT.timestamp })
  refuse({ timestamp: -1 as typeof DRAFT.timestamp })
  for (const expirySec of [-1, 0.5, NaN, Infinity]) refuse({ expirySec })
  refuse({ msat: 0n as NonNullable<typeof DRAFT.msat> })
  const longest = { ...DRAFT, description: 'a'.repeat(639), descriptionHash: null }
  expect(decodeBolt11(encodeBolt11(longest, sign))).toMatchObject({
    description: longest.description,
  })
})
