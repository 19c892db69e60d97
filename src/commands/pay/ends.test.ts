import { expect, test } from 'bun:test'
import { unixMs } from '../../engine/base/clock.ts'
import { msat } from '../../engine/base/money.ts'
import { PAY_FAILURES } from '../../engine/payments/payer.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { failed, stillOpen, uncertain } from './ends.ts'

const maxFee = msat(10_000n)

test('whatever it failed for, it says that nothing was paid and what to do', () => {
  for (const reason of [...PAY_FAILURES, 'unsent', 'wallet.unreachable', null]) {
    const fault = failed({ reason, maxFee })
    expect(fault.message).toEndWith('; nothing was paid')
    expect(fault.hint).toEndWith('then ask the payee for a new invoice')
    expect(['again', 'refused', 'config', 'unavailable']).toContain(fault.kind)
  }
  expect(failed({ reason: 'over_fee', maxFee }).hint).toContain('more than --max-fee 10 sat')
  expect(failed({ reason: 'wallet.unreachable', maxFee })).toMatchObject({
    kind: 'unavailable',
    code: 'payment.unreachable',
  })
})

test('an end that nobody knows says so, and never to pay again', () => {
  for (const left of [true, false]) {
    const fault = uncertain({ msat: msat(5_000n) }, 'sim', left)
    expect(fault).toMatchObject({
      kind: 'uncertain',
      message: expect.stringContaining('5 sat of play money'),
      hint: 'do not pay again; run: fedai pay resolve',
    })
  }
  const open = [1, 3, 2].map((n) => ({ msat: msat(BigInt(n)), expiresAt: unixMs(n * 60_000) }))
  const fault = stillOpen(open as Entry[], 'mainnet')
  expect(fault.message).toBe('how 3 payments ended is not known yet, 6 msat in all')
  // A minute after the last invoice is over.
  expect(fault.hint).toContain('1970-01-01 00:04:00 UTC')
})
