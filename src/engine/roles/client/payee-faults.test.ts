import { expect, test } from 'bun:test'
import { unixMs } from '../../base/clock.ts'
import { badInvoice, noInvoice, notPaid } from './payee-faults.ts'

test('what is said of a node and of a router: words and codes of their own, from one place', () => {
  expect([badInvoice('node', 'pay.net'), badInvoice('router', 'pay.net')]).toMatchObject([
    { code: 'invoice.wrong', kind: 'verification', hint: 'ask another node' },
    { code: 'fee.invoice', kind: 'verification', hint: 'ask another router with --router' },
  ])
  expect([noInvoice('node'), noInvoice('router')]).toMatchObject([
    { code: 'funding.silent', hint: 'try again, or ask another node' },
    { code: 'fee.silent', hint: 'try again, or ask another router with --router' },
  ])
  const reason = 'no_route'
  expect([notPaid('node', { reason }), notPaid('router', { reason })]).toMatchObject([
    { code: 'payment.failed', kind: 'again', message: 'the node could not be paid (no_route)' },
    { code: 'fee.failed', kind: 'again', message: `the router's fee could not be paid (no_route)` },
  ])
})

test('until when an invoice stands in the way of the next is said, where it is not tried again', () => {
  const at = unixMs(Date.UTC(2026, 10, 27, 18, 22, 10))
  expect(notPaid('node', { reason: 'no_balance' }).hint).toEndWith('; then try again')
  for (const payee of ['node', 'router'] as const)
    expect(notPaid(payee, { reason: 'no_balance' }, at).hint).toContain(
      'then try again after 18:22:10 UTC, with another invoice',
    )
})

test('play money of two homes: said, with what to do, and nobody is told to look at the wallet', () => {
  for (const payee of ['node', 'router'] as const) {
    const fault = notPaid(payee, { reason: 'elsewhere' })
    expect(fault.kind).toBe('config')
    expect(fault.message).toContain('play money is of another home')
    expect(fault.hint).toContain('FEDAI_HOME')
    expect(fault.hint).not.toContain('pay status')
  }
})
