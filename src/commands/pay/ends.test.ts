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
  const open = [1, 3, 2].map((n) => ({
    msat: msat(BigInt(n)),
    expiresAt: unixMs(n * 60_000),
    wallet: 'lnd-aa',
  }))
  const soon = unixMs(60_000)
  const fault = stillOpen(open as Entry[], 'mainnet', 'lnd-aa', 'is', soon)
  expect(fault.message).toBe('how 3 payments ended is not known yet, 6 msat in all')
  // A minute after the last invoice is over.
  expect(fault.hint).toContain('1970-01-01 00:04:00 UTC')
  // A time that is over is nothing to wait for.
  const late = stillOpen(open as Entry[], 'mainnet', 'lnd-aa', 'is', unixMs(240_000))
  expect(late.hint).not.toContain('1970')
  expect(late.hint).toEndWith('ask again: fedai pay resolve')
})

test('what another wallet sent names that one, on which net, and what to do', () => {
  const openOf = (...wallets: (string | null)[]) =>
    wallets.map((wallet) => ({ msat: msat(1_000n), expiresAt: unixMs(0), wallet }) as Entry)
  const cases: [(string | null)[], string][] = [
    [['lnd-aa'], 'it was sent on regtest by the wallet lnd-aa'],
    [['lnd-aa', 'lnd-aa'], 'they were sent on regtest by the wallet lnd-aa'],
    [['lnd-aa', 'lnd-bb'], '1 of them was sent on regtest by the wallet lnd-aa'],
    [['lnd-aa', 'nwc-cc', 'lnd-bb'], 'the wallet lnd-aa, the wallet nwc-cc, and'],
    [[null], 'it was sent on regtest by a wallet that is not on record'],
    [['a:1', 'a:2', 'a:3', 'a:4', 'a:5'], 'the wallet a:3, 2 more, and'],
  ]
  for (const [wallets, text] of cases) {
    const fault = stillOpen(openOf(...wallets), 'regtest', 'lnd-bb')
    expect(fault).toMatchObject({ kind: 'uncertain', code: 'payment.other_wallet' })
    expect(fault.message).toContain(text)
    expect(fault.message).toEndWith(', and lnd-bb is connected')
    const [first, last] = wallets.some((it) => it !== null)
      ? ['', 'it is gone for good']
      : ['where another was connected then, ', 'none says that it arrived']
    expect(fault.hint).toBe(
      `do not pay again; ${first}connect the wallet that sent it: fedai pay connect --net regtest --file FILE, then: fedai pay resolve --net regtest\nwhere ${last}: fedai pay resolve --net regtest --give-up HASH`,
    )
  }
  expect(stillOpen(openOf('sim-aa'), 'sim', 'sim-bb').hint).toContain('pay.identity')
})
