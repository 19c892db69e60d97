import { expect } from 'bun:test'
import { isFault } from '../base/fault.ts'
import { LIMITS, expectSpent, untilPaid, untilReceived } from './payer-steps.conformance.ts'
import type { Case as PayerCase } from './payer.conformance.ts'
import { faultOf, newTerms, outcome, sats, until } from './specimen.conformance.ts'
import { create, stateOf } from './wallet-hold.conformance.ts'
import type { Case as WalletCase } from './wallet.conformance.ts'
import type { InvoiceStatus } from './wallet.ts'

/** The cases of both tables about backends that lie or stumble, and then go on. */

export const FAILED_FIRST: PayerCase = [
  'a payment that was said to have failed, and settles: that is known once it is said, and nothing is paid again',
  async (it) => {
    const before = await outcome(it, it.balance())
    const invoice = await it.invoiceFromOutside({ msat: sats(21), expirySec: 300 })
    it.lie!(true)
    const said = await outcome(it, it.payer.pay(invoice.bolt11, LIMITS))
    expect(said.state).not.toBe('settled')
    await untilReceived(it, invoice, sats(21))
    it.lie!(false)
    await untilPaid(it, invoice, 'settled')
    const again = await outcome(it, it.payer.pay(invoice.bolt11, LIMITS))
    expect(again.state).toBe('settled')
    await untilReceived(it, invoice, sats(21))
    await expectSpent(it, before, sats(21))
  },
]

const MINUTE_MS = 60_000
const STEPS = 4

export const PAYS_AFTER_A_MINUTE: PayerCase = [
  'errors for a minute, whatever is asked: no payment is called failed or settled; after it the same invoice is paid, once',
  async (it) => {
    const before = await outcome(it, it.balance())
    const { bolt11, paymentHash, ...invoice } = await it.invoiceFromOutside({
      msat: sats(21),
      expirySec: 600,
    })
    it.break!('fails')
    for (let n = 0; n < STEPS; n++) {
      const asked = [it.payer.pay(bolt11, LIMITS), it.payer.payStatus(paymentHash, bolt11)]
      for (const promise of asked) {
        const said = await outcome(
          it,
          promise.catch((thrown: unknown) => {
            if (!isFault(thrown)) throw thrown
            return { state: 'fault' as const }
          }),
        )
        expect(['unknown', 'fault']).toContain(said?.state ?? 'none')
      }
      await it.pass(MINUTE_MS / STEPS)
    }
    expect(await outcome(it, invoice.received())).toBe(0n)
    it.break!('works')
    // What was cut may be at work for a minute more.
    await it.pass(MINUTE_MS + 1_000)
    const payment = await outcome(it, it.payer.pay(bolt11, LIMITS))
    expect(payment.state).toBe('settled')
    await untilReceived(it, invoice, sats(21))
    await expectSpent(it, before, sats(21))
  },
]

export const RECEIVES_AFTER_A_MINUTE: WalletCase = [
  'errors for a minute, whatever is asked, are Faults, and nothing is said of an invoice; what is paid meanwhile is told after it',
  async (it) => {
    const invoice = await create(it, 21, { expirySec: 600 })
    const told: InvoiceStatus[] = []
    const end = it.wallet.subscribe((status) => told.push(status))
    it.break!('fails')
    const fails = async () => {
      await faultOf(it, it.wallet.lookup(invoice.paymentHash))
      const wish = { msat: sats(1), terms: newTerms(1), expirySec: 60 }
      await faultOf(it, it.wallet.createInvoice(wish))
    }
    await fails()
    await it.pass(MINUTE_MS)
    await fails()
    expect(told.filter(({ state }) => state !== 'open')).toEqual([])
    expect(await outcome(it, it.payFromOutside(invoice.bolt11))).toBe('settled')
    it.break!('works')
    // Whoever was refused asks more and more rarely.
    const isTold = () => told.some(({ state }) => state === 'settled')
    for (let n = 0; n < 40 && !isTold(); n++) await it.pass(1_000)
    await until(it, 'word of the payment', isTold)
    expect(await stateOf(it, invoice.paymentHash)).toBe('settled')
    await create(it, 1)
    end()
  },
]

export const TWICE: WalletCase = [
  'a notification that comes twice says the same twice: one payment, of one amount',
  async (it) => {
    it.twice!()
    const told: InvoiceStatus[] = []
    const end = it.wallet.subscribe((status) => told.push(status))
    const invoice = await create(it, 21)
    expect(await outcome(it, it.payFromOutside(invoice.bolt11))).toBe('settled')
    const settled = () => told.filter(({ state }) => state === 'settled')
    await until(it, 'word of the payment', () => settled().length > 0)
    await it.pass(it.settleTimeMs)
    const status = { paymentHash: invoice.paymentHash, state: 'settled', received: sats(21) }
    for (const said of settled()) expect(said).toEqual(status as InvoiceStatus)
    expect(await outcome(it, it.wallet.lookup(invoice.paymentHash))).toEqual(
      status as InvoiceStatus,
    )
    end()
  },
]
