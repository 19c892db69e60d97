import { expect } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { foreignInvoice } from './foreign.conformance.ts'
import { LIMITS, expectFailed, expectSpent } from './payer-steps.conformance.ts'
import type { Case, PayerSpecimen } from './payer.conformance.ts'
import type { PayFailure } from './payer.ts'
import { faultOf, outcome, sats } from './specimen.conformance.ts'

/** The cases of payer.conformance.ts about payments that must not come to pass. */

const REFUSALS: readonly (readonly [
  title: string,
  reason: PayFailure,
  bolt11: (it: PayerSpecimen) => Promise<string> | string,
])[] = [
  [
    'an expired invoice',
    'expired',
    (it) => foreignInvoice(it.expected.net, { at: unixMs(it.now() - 120_000) }),
  ],
  [
    'an invoice of another network',
    'wrong_net',
    (it) => foreignInvoice(it.expected.net === 'mainnet' ? 'testnet' : 'mainnet', { at: it.now() }),
  ],
  [
    'an invoice without an amount',
    'rejected',
    (it) => foreignInvoice(it.expected.net, { at: it.now(), msat: null }),
  ],
  ['garbage', 'rejected', () => 'lnbc1 this is no invoice'],
  ['nothing', 'rejected', () => ''],
  ['a page of HTML', 'rejected', () => `<html>${'x'.repeat(100_000)}</html>`],
  [
    'an invoice with one character changed',
    'rejected',
    async (it) => {
      const { bolt11 } = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60 })
      const at = bolt11.length - 20
      return `${bolt11.slice(0, at)}${bolt11[at] === 'q' ? 'p' : 'q'}${bolt11.slice(at + 1)}`
    },
  ],
]

export const REFUSED: readonly Case[] = REFUSALS.map(([title, reason, bolt11]) => [
  `refuses ${title} for certain (${reason}), with nothing sent`,
  async (it) => {
    const before = await outcome(it, it.balance())
    const payment = await outcome(it, it.payer.pay(await bolt11(it), LIMITS))
    expect(payment).toEqual({ state: 'failed', reason })
    expect(await outcome(it, it.balance())).toBe(before)
  },
])

export const CANCELED: Case = [
  'an invoice that expired before it was paid stays unpaid, and another one is paid after it',
  async (it) => {
    const before = await outcome(it, it.balance())
    const late = await it.invoiceFromOutside({ msat: sats(21), expirySec: 2 })
    await it.pass(3_000)
    expect(await outcome(it, it.payer.pay(late.bolt11, LIMITS))).toEqual({
      state: 'failed',
      reason: 'expired',
    })
    const next = await it.invoiceFromOutside({ msat: sats(22), expirySec: 60 })
    expect((await outcome(it, it.payer.pay(next.bolt11, LIMITS))).state).toBe('settled')
    expect(await outcome(it, late.received())).toBe(0n)
    await expectSpent(it, before, sats(22))
  },
]

export const NO_BALANCE: Case = [
  'more than it has is a failure for certain, and nothing moves',
  async (it) => {
    const before = await outcome(it, it.balance())
    const whole = (before / 1_000n + 1_000n) * 1_000n
    const invoice = await it.invoiceFromOutside({ msat: msat(whole), expirySec: 60 })
    await expectFailed(it, invoice, LIMITS, ['no_balance', 'no_route', 'over_limit'])
    expect(await outcome(it, it.balance())).toBe(before)
    expect(await outcome(it, invoice.received())).toBe(0n)
  },
]

export const NO_ROUTE: Case = [
  'somebody whom no route leads to is a failure for certain, and nothing moves',
  async (it) => {
    const before = await outcome(it, it.balance())
    const invoice = await it.unreachable!({ msat: sats(21), expirySec: 60 })
    await expectFailed(it, invoice, LIMITS, ['no_route', 'elsewhere'])
    expect(await outcome(it, it.balance())).toBe(before)
  },
]

export const OVER_FEE: Case = [
  'pays no more for routing than it may: the same invoice goes with a higher limit',
  async (it) => {
    const before = await outcome(it, it.balance())
    const invoice = await it.invoiceFromOutside({ msat: sats(1_000), expirySec: 60 })
    const none = { ...LIMITS, maxFee: msat(0n) }
    await expectFailed(it, invoice, none, ['over_fee', 'no_route'])
    expect(await outcome(it, it.balance())).toBe(before)
    const payment = await outcome(it, it.payer.pay(invoice.bolt11, LIMITS))
    expect(payment.state).toBe('settled')
    await expectSpent(it, before, sats(1_000))
    expect(await outcome(it, it.balance())).toBeLessThan(before - sats(1_000))
  },
]

export const BROKEN: Case = [
  'a backend that refuses, talks nonsense or hangs up never fails a payment that it may have sent, and shows no secret',
  async (it) => {
    const { bolt11, paymentHash } = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60 })
    for (const how of ['refuses', 'talks nonsense', 'hangs up'] as const) {
      it.break?.(how)
      const paid = it.payer.pay(bolt11, LIMITS).catch((error: unknown) => ({ error }))
      const answer = await outcome(it, paid)
      if ('error' in answer) await faultOf(it, Promise.reject(answer.error))
      else if (how !== 'refuses') expect(answer.state).toBe('unknown')
      const status = it.payer.payStatus(paymentHash, bolt11).catch((error: unknown) => ({ error }))
      const said = await outcome(it, status)
      if (said && 'error' in said) await faultOf(it, Promise.reject(said.error))
      else expect(said?.state).toBe('unknown')
    }
  },
]
