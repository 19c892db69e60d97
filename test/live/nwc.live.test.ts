// NIP-47 over a real relay, which others wrote and which has its own manners: our adapter and our wallet service
// at both ends of it, then Alby's library at either. The money is real Lightning on regtest (LDK).
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { ensureRelay, type LiveRelay, startRelay } from '../../scripts/live/relay.ts'
import { newPreimage, newTerms, sats } from '../../src/engine/payments/specimen.conformance.ts'
import { albyCases } from '../lightning/nwc-alby.ts'
import { type Lightning, openLightning } from '../lightning/ldk.ts'
import { nwcPayerSpecimen, nwcWalletSpecimen } from '../lightning/nwc-specimens.ts'
import { shiftingClock } from '../lightning/shifting-clock.ts'
import { loudly } from './llama.ts'

// The first run fetches 40 MB.
setDefaultTimeout(600_000)

const folder = await ensureRelay()
if (typeof folder !== 'string') {
  if (process.env.FEDAI_LIVE === 'required') throw new Error(folder.missing)
  loudly('NWC over a real relay', folder.missing)
}

const clock = shiftingClock()
let relay: LiveRelay
let lightning: Lightning
beforeAll(async () => {
  if (typeof folder !== 'string') return
  relay = await startRelay(folder)
  lightning = await openLightning(clock)
})
afterAll(async () => {
  lightning?.close()
  await relay?.stop()
})

const until = async (check: () => unknown): Promise<void> => {
  for (let i = 0; i < 5_000; i++) {
    if (await check()) return
    await Bun.sleep(1)
  }
  throw new Error(`never: ${check}`)
}

describe.skipIf(typeof folder !== 'string')('NWC over a real relay', () => {
  test('an invoice is made, heard to be paid, and held until it is settled', async () => {
    const { wallet, payFromOutside, stop } = await nwcWalletSpecimen(lightning, clock, [relay.url])
    const told: string[] = []
    wallet.subscribe(({ state }) => told.push(state))
    const wish = { msat: sats(21), terms: newTerms(1), expirySec: 60 }
    const { bolt11, paymentHash } = await wallet.createInvoice(wish)
    expect(await payFromOutside(bolt11)).toBe('settled')
    await until(() => told.includes('settled'))
    expect(await wallet.lookup(paymentHash)).toMatchObject({ state: 'settled', received: 21_000n })
    const { secret, hash } = newPreimage()
    const held = await wallet.createInvoice({ ...wish, hold: hash })
    const paying = payFromOutside(held.bolt11)
    await until(() => told.includes('accepted'))
    await wallet.hold!.settle(secret)
    expect(await paying).toBe('settled')
    await wallet.close()
    await stop?.()
  })

  test('a payment goes once, and its answer comes', async () => {
    const it = await nwcPayerSpecimen(lightning, clock, [relay.url])
    const before = await it.balance()
    const { bolt11, paymentHash } = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60 })
    const limits = { maxFee: sats(20), timeoutMs: 20_000 }
    const payment = await it.payer.pay(bolt11, limits)
    expect(payment).toMatchObject({ state: 'settled', fee: 1_000n })
    expect(await it.payer.payStatus(paymentHash, bolt11)).toEqual(payment)
    expect(await it.payer.pay(bolt11, limits)).toEqual(payment)
    expect(before - (await it.balance())).toBe(22_000n)
    await it.payer.close()
    await it.stop?.()
  })

  albyCases(
    'a real relay',
    () => lightning,
    clock,
    () => relay.url,
  )
})
