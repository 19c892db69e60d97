import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { runeOf } from '../../../../test/fakes/cln-rune.ts'
import { canSpend } from './rune.ts'

/** Of Core Lightning's manual (createrune.json). */
const MANUAL = {
  all: '7cKJyALVY0_LLVV-AB9oetXjipOdyt0EhOuYrSS42fM9MA==',
  readonly:
    '0VIVf0M4jMlGNIwNM3sTpBextINe4_VBGZnBMM82kR49MCZtZXRob2RebGlzdHxtZXRob2ReZ2V0fG1ldGhvZD1zdW1tYXJ5Jm1ldGhvZC9saXN0ZGF0YXN0b3Jl',
  listpeers:
    'UcVH186Z5ldtHgscIaNAZ_fdUstCR6OCwiVV7CPx_q09MSZpZF4wMzgxOTRiNWYzMmJkZjBhYTU5OCZtZXRob2Q9bGlzdHBlZXJz',
  pay: 'a0noy2CAu8-s2xSgJuBW09hqB_YsqLkwIDy5qkftGMk9MiZtZXRob2Q9cGF5JnBuYW1lYW1vdW50bXNhdDwxMDAwMA==',
}

describe('whether a rune can spend', () => {
  test('is told of those of the manual', () => {
    expect(canSpend(MANUAL.all)).toBe(true)
    expect(canSpend(MANUAL.readonly)).toBe(false)
    expect(canSpend(MANUAL.listpeers)).toBe(false)
    expect(canSpend(MANUAL.pay)).toBe(true)
  })

  test.each([
    ['receiving', [['method=invoice', 'method=listinvoices', 'method=waitanyinvoice']], false],
    ['receiving until some day', [['method=invoice'], ['time<1999999999']], false],
    ['all until some day', [['time<1999999999']], true],
    ['all but one', [['method/xpay']], true],
    ['paying', [['method=xpay', 'method=listpays']], true],
    ['receiving or paying', [['method=invoice', 'method=xpay']], true],
    ['receiving or anything with two parameters', [['method=invoice', 'pnum=2']], true],
    ['paying, and receiving: nothing is both', [['method=xpay'], ['method=invoice']], false],
    ['what begins like receiving', [['method^invoice']], true],
    ['withdrawing', [['method=withdraw']], true],
    ['another rune', [['method=createrune']], true],
    ['a comment', [['method=invoice', 'hello#method=invoice']], true],
    ['a quoted separator', [['method=invoice\\|method=xpay']], null],
  ] as [string, string[][], boolean | null][])('%s', (_, restrictions, spends) => {
    expect(canSpend(runeOf(restrictions))).toBe(spends)
  })

  test('is not told by what is no rune', () => {
    for (const it of ['', 'abc', '!', '_'.repeat(100), MANUAL.all.slice(0, 40)])
      expect(canSpend(it)).toBeNull()
  })

  test('is never denied for a method that nobody knows', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-fh-km-z][a-z-]{2,20}$/), (method) => {
        fc.pre(!/invoice$|^decode$|^summary$/.test(method))
        expect(canSpend(runeOf([[`method=${method}`]]))).toBe(true)
        expect(canSpend(runeOf([['method=invoice', `method=${method}`]]))).toBe(true)
      }),
    )
  })
})
