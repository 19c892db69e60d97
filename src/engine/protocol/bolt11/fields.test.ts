import { describe, expect, test } from 'bun:test'
import {
  HASH_FIELD,
  NEEDED,
  SECRET_FIELD,
  TEXT_FIELD,
  craft,
  field,
} from '../../../../test/vectors/bolt11-craft.ts'
import { decodeBolt11 } from './decode.ts'
import { writeFeatures } from './features.ts'

const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value)
const words = (length: number, last = 0) => [...Array<number>(length - 1).fill(0), last]
const program = (version: number, length: number) =>
  field('fallbacks', [version, ...field(0, bytes(length)).slice(3)])

describe('fields', () => {
  test.each([
    ['no payment hash', [...SECRET_FIELD, ...TEXT_FIELD], 'bolt11.no_payment_hash'],
    [
      'one of another length',
      [...field('paymentHash', words(51)), ...SECRET_FIELD, ...TEXT_FIELD],
      'bolt11.no_payment_hash',
    ],
    ['two payment hashes', [...NEEDED, ...HASH_FIELD], 'bolt11.twice'],
    ['no payment secret', [...HASH_FIELD, ...TEXT_FIELD], 'bolt11.no_payment_secret'],
    ['two payment secrets', [...NEEDED, ...SECRET_FIELD], 'bolt11.twice'],
    ['no description', [...HASH_FIELD, ...SECRET_FIELD], 'bolt11.description'],
    [
      'a description and a hash',
      [...NEEDED, ...field('descriptionHash', bytes(32))],
      'bolt11.description',
    ],
    ['two descriptions', [...NEEDED, ...TEXT_FIELD], 'bolt11.twice'],
    [
      'a description that is not UTF-8',
      [...HASH_FIELD, ...SECRET_FIELD, ...field('description', bytes(3, 0xff))],
      'bolt11.description',
    ],
    [
      'a surrogate in UTF-8',
      [...HASH_FIELD, ...SECRET_FIELD, ...field('description', Uint8Array.of(0xed, 0xa0, 0x80))],
      'bolt11.description',
    ],
    [
      'two expiries',
      [...NEEDED, ...field('expirySec', [1]), ...field('expirySec', [2])],
      'bolt11.twice',
    ],
    [
      'two deltas',
      [...NEEDED, ...field('minFinalCltv', [1]), ...field('minFinalCltv', [1])],
      'bolt11.twice',
    ],
    [
      'two keys',
      [...NEEDED, ...field('payee', bytes(33)), ...field('payee', bytes(33))],
      'bolt11.twice',
    ],
    [
      'two feature fields',
      [...NEEDED, ...field('features', []), ...field('features', [])],
      'bolt11.twice',
    ],
    ['a field over the end', [...NEEDED, 13, 0, 1], 'bolt11.short'],
    ['a length over the end', [...NEEDED, 13, 0], 'bolt11.short'],
    ['a tag alone', [...NEEDED, 13], 'bolt11.short'],
    ['the longest length', [...NEEDED, 2, 31, 31], 'bolt11.short'],
    [
      'padding in a hash',
      [...field('paymentHash', words(52, 1)), ...SECRET_FIELD, ...TEXT_FIELD],
      'bolt11.padding',
    ],
    [
      'padding in a secret',
      [...HASH_FIELD, ...field('paymentSecret', words(52, 8)), ...TEXT_FIELD],
      'bolt11.padding',
    ],
    ['padding in metadata', [...NEEDED, ...field('metadata', [31, 31])], 'bolt11.padding'],
    ['a whole word too many', [...NEEDED, ...field('metadata', [0, 0, 0])], 'bolt11.padding'],
    ['padding in a key', [...NEEDED, ...field('payee', words(53, 1))], 'bolt11.padding'],
    [
      'padding in a description',
      [...HASH_FIELD, ...SECRET_FIELD, ...field('description', [12, 1])],
      'bolt11.description',
    ],
    ['an expiry over 2^53', [...NEEDED, ...field('expirySec', [1, ...words(11)])], 'bolt11.number'],
    [
      'a delta over 2^53',
      [...NEEDED, ...field('minFinalCltv', words(1023, 1).with(0, 31))],
      'bolt11.number',
    ],
    ['zeros before an expiry', [...NEEDED, ...field('expirySec', [0, 5])], 'bolt11.number'],
    ['an expiry of one zero', [...NEEDED, ...field('expirySec', [0])], 'bolt11.number'],
    ['zeros before a delta', [...NEEDED, ...field('minFinalCltv', [0, 18])], 'bolt11.number'],
    ['zeros before features', [...NEEDED, ...field('features', [0, 16, 8, 0])], 'bolt11.feature'],
    ['padding in a route', [...NEEDED, ...field('routes', words(82, 1))], 'bolt11.padding'],
    ['padding in an address', [...NEEDED, ...field('fallbacks', words(53, 1))], 'bolt11.padding'],
    ['a route of no hop', [...NEEDED, ...field('routes', [])], 'bolt11.route'],
    ['a route of half a hop', [...NEEDED, ...field('routes', bytes(50))], 'bolt11.route'],
    ['a route of one hop and a byte', [...NEEDED, ...field('routes', bytes(52))], 'bolt11.route'],
    ['an address of nothing', [...NEEDED, ...field('fallbacks', [])], 'bolt11.fallback'],
    ['an address of 19 bytes', [...NEEDED, ...program(17, 19)], 'bolt11.fallback'],
    ['one of 21 bytes', [...NEEDED, ...program(18, 21)], 'bolt11.fallback'],
    ['a witness program of 41 bytes', [...NEEDED, ...program(1, 41)], 'bolt11.fallback'],
    ['a witness program of one byte', [...NEEDED, ...program(16, 1)], 'bolt11.fallback'],
    ['a v0 program of 25 bytes', [...NEEDED, ...program(0, 25)], 'bolt11.fallback'],
  ] as const)('%s', (_, fields, flaw) => expect(decodeBolt11(craft(fields))).toBe(flaw))

  test.each([
    ['unknown tags, whatever they hold', field(2, [31, 31, 31])],
    ['keys of another length', field('payee', words(52, 1))],
    ['hashes of another length', field('descriptionHash', words(53, 1))],
    ['secrets of another length', field('paymentSecret', [])],
    ['addresses of a later kind', field('fallbacks', [19, 1, 1])],
    ['odd features', field('features', writeFeatures([9, 15, 17, 31, 99, 4999]))],
    ['expiries of no words', field('expirySec', [])],
  ] as const)('%s are no flaw', (_, more) => {
    expect(decodeBolt11(craft([...more, ...NEEDED]))).toMatchObject({
      description: 'coffee',
      descriptionHash: null,
      payee: null,
      fallbacks: [],
      paymentSecret: '02'.repeat(32),
    })
  })

  test.each([
    [17, 20],
    [18, 20],
    [0, 20],
    [0, 32],
    [1, 2],
    [1, 32],
    [16, 40],
  ] as const)('an address of version %d with %d bytes', (version, length) => {
    const invoice = decodeBolt11(craft([...NEEDED, ...program(version, length)]))
    expect(invoice).toMatchObject({ fallbacks: [{ version, program: '07'.repeat(length) }] })
  })

  test.each([
    [[100], false],
    [[30], false],
    [[0], false],
    [[24], false],
    [[262], false],
    [[16], false],
    [[17], false],
    [[8, 14, 16], true],
    [[9, 15, 17], true],
    [[14, 48], true],
    [[15, 17, 101], true],
    [[], true],
  ] as const)('features %p', (bits, payable) => {
    const invoice = decodeBolt11(craft([...NEEDED, ...field('features', writeFeatures(bits))]))
    if (payable) expect(invoice).toMatchObject({ features: [...bits] })
    else expect(invoice).toBe('bolt11.feature')
  })
})
