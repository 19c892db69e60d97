// Real Lightning within this process: LDK nodes, their channels, HTLCs and invoices. It is what the tables of our
// seams are checked by, and what the adapters are then run against.
import { afterAll, describe, expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { payerConformance } from '../../src/engine/payments/payer.conformance.ts'
import { newPreimage, newTerms, sats } from '../../src/engine/payments/specimen.conformance.ts'
import { walletConformance } from '../../src/engine/payments/wallet.conformance.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { openLightning } from './ldk.ts'
import { payerSpecimen, walletSpecimen } from './ldk-specimens.ts'
import { LDK_CAPS } from './ldk-wallet.ts'
import { shiftingClock } from './shifting-clock.ts'

const clock = shiftingClock()
const lightning = await openLightning(clock)
afterAll(() => lightning.close())

const NO_BREAK = {
  break: 'it is asked without a wire',
  lie: 'it does not lie',
  twice: 'it calls once',
}

walletConformance('an LDK node', { caps: LDK_CAPS, cannot: NO_BREAK }, async () =>
  walletSpecimen(lightning, clock),
)
payerConformance(
  'an LDK node',
  { caps: { ...LDK_CAPS, spend: true }, cannot: NO_BREAK },
  async () => payerSpecimen(lightning, clock),
)

describe('LDK', () => {
  const limits = { maxFee: sats(20), timeoutMs: 5_000 }

  test('says a fee, and takes the money of a hop', async () => {
    const { payer, invoiceFromOutside, stop } = payerSpecimen(lightning, clock)
    const invoice = await invoiceFromOutside({ msat: sats(1_000), expirySec: 60 })
    const before = payer.balance()
    const payment = await payer.pay(invoice.bolt11, limits)
    expect(payment).toMatchObject({ state: 'settled', fee: msat(1_000n) })
    expect(before - payer.balance()).toBe(1_001_000n)
    await stop?.()
  })

  test('writes invoices whose hints, time and text our own codec reads alike', async () => {
    const { wallet, stop } = walletSpecimen(lightning, clock)
    const wish = { msat: sats(7), expirySec: 77 }
    const { bolt11 } = await wallet.issue({ ...wish, named: { text: 'Grüße' } })
    const invoice = decodeBolt11(bolt11)
    if (typeof invoice === 'string') throw new Error(invoice)
    expect(invoice).toMatchObject({ prefix: 'bcrt', msat: 7_000n, expirySec: 77 })
    expect(invoice.description).toBe('Grüße')
    expect(invoice.routes.flat()).toHaveLength(1)
    expect(Math.abs(invoice.timestamp * 1000 - clock.now())).toBeLessThan(2_000)
    await stop?.()
  })

  test('a payment of an invoice that was cancelled comes back as rejected', async () => {
    const { payer, invoiceFromOutside, stop } = payerSpecimen(lightning, clock)
    const invoice = await invoiceFromOutside({ msat: sats(5), expirySec: 60, hold: true })
    await invoice.cancel!()
    expect(await payer.pay(invoice.bolt11, limits)).toEqual({ state: 'failed', reason: 'rejected' })
    await stop?.()
  })

  test('a held payment is nobody’s until its payee says whose', async () => {
    const { wallet, payFromOutside, payer, stop } = walletSpecimen(lightning, clock)
    const { secret, hash } = newPreimage()
    const held = { msat: sats(9), terms: newTerms(1), expirySec: 60, hold: hash }
    const { bolt11 } = await wallet.createInvoice(held)
    const paid = payFromOutside(bolt11)
    while ((await wallet.lookup(hash)).state !== 'accepted') await Bun.sleep(2)
    expect(await payer.payStatus(hash, bolt11)).toEqual({ state: 'inflight' })
    await wallet.hold!.settle(secret)
    expect(await paid).toBe('settled')
    expect(await payer.payStatus(hash, bolt11)).toMatchObject({
      state: 'settled',
      preimage: secret,
    })
    await stop?.()
  })
})
