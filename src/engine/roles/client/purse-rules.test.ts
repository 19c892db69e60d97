import { expect, test } from 'bun:test'
import { msat } from '../../base/money.ts'
import { limitsOf } from './purse-rules.ts'

test('what is held is locked for 300 blocks at most, and waits for its payee; nothing else has such a bound', () => {
  expect(limitsOf(msat(7n), true, 5_000)).toEqual({
    maxFee: msat(7n),
    timeoutMs: 120_000,
    maxCltv: 300,
  })
  expect(limitsOf(msat(7n), false, 5_000)).toEqual({ maxFee: msat(7n), timeoutMs: 5_000 })
  expect(limitsOf(msat(7n), false)).toEqual({ maxFee: msat(7n), timeoutMs: 60_000 })
})
