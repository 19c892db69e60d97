import { expect } from 'bun:test'
import { faultOf, newPreimage, newTerms, outcome, sats, until } from './specimen.conformance.ts'
import type { Case, WalletSpecimen } from './wallet.conformance.ts'
import type { InvoiceState, Issued } from './wallet.ts'

/** The cases of wallet.conformance.ts about invoices that are held, and the steps that all of them take. */

/** Of a wallet that does. @param shortSec seconds that an invoice lives which expires */
export const HOLD = (shortSec: number): readonly Case[] => [
  [
    'a held payment is accepted, and settled by its preimage only; twice to the same effect',
    async (it) => {
      const { secret, hash } = newPreimage()
      const invoice = await create(it, 21, { hold: hash })
      expect(invoice.paymentHash).toBe(hash)
      const paying = it.payFromOutside(invoice.bolt11)
      await untilState(it, invoice, 'accepted')
      expect((await outcome(it, it.wallet.lookup(hash))).received).toBe(sats(21))
      const wrong = newPreimage().secret
      await faultOf(it, it.wallet.hold!.settle(wrong), secret, wrong)
      expect(await stateOf(it, hash)).toBe('accepted')
      await outcome(it, it.wallet.hold!.settle(secret))
      expect(await outcome(it, paying)).toBe('settled')
      await untilState(it, invoice, 'settled')
      await outcome(it, it.wallet.hold!.settle(secret))
      await faultOf(it, it.wallet.hold!.cancel(hash), secret)
      expect(await stateOf(it, hash)).toBe('settled')
    },
  ],
  [
    'who subscribed is told of a held payment',
    async (it) => {
      const { secret, hash } = newPreimage()
      const told: InvoiceState[] = []
      const end = it.wallet.subscribe((status) => {
        if (status.paymentHash === hash) told.push(status.state)
      })
      const invoice = await create(it, 21, { hold: hash })
      const paying = it.payFromOutside(invoice.bolt11)
      await until(it, 'word of a held payment', () => told.includes('accepted'))
      await outcome(it, it.wallet.hold!.settle(secret))
      await until(it, 'word of a settled one', () => told.includes('settled'))
      expect(await outcome(it, paying)).toBe('settled')
      end()
    },
  ],
  [
    'a cancelled one gives the money back, twice to the same effect, and is settled by nothing',
    async (it) => {
      const { secret, hash } = newPreimage()
      const invoice = await create(it, 21, { hold: hash })
      const paying = it.payFromOutside(invoice.bolt11)
      await untilState(it, invoice, 'accepted')
      await outcome(it, it.wallet.hold!.cancel(hash))
      expect(await outcome(it, paying)).toBe('failed')
      await untilState(it, invoice, 'canceled')
      await outcome(it, it.wallet.hold!.cancel(hash))
      await faultOf(it, it.wallet.hold!.settle(secret), secret)
      expect(await stateOf(it, hash)).toBe('canceled')
    },
  ],
  [
    'one that nobody paid cannot be settled, can be cancelled, and is then not paid any more',
    async (it) => {
      const { secret, hash } = newPreimage()
      const invoice = await create(it, 21, { hold: hash })
      await faultOf(it, it.wallet.hold!.settle(secret), secret)
      expect(await stateOf(it, hash)).toBe('open')
      await outcome(it, it.wallet.hold!.cancel(hash))
      await untilState(it, invoice, 'canceled')
      expect(await outcome(it, it.payFromOutside(invoice.bolt11))).toBe('failed')
    },
  ],
  [
    'one that nobody paid expires; one that is held does not',
    async (it) => {
      const [unpaid, held] = [newPreimage(), newPreimage()]
      const open = await create(it, 21, { hold: unpaid.hash, expirySec: shortSec })
      const paid = await create(it, 21, { hold: held.hash, expirySec: shortSec })
      const paying = it.payFromOutside(paid.bolt11)
      await untilState(it, paid, 'accepted')
      await it.pass(shortSec * 1_000 + 1_000)
      await untilState(it, open, 'canceled')
      expect(await stateOf(it, held.hash)).toBe('accepted')
      await outcome(it, it.wallet.hold!.settle(held.secret))
      expect(await outcome(it, paying)).toBe('settled')
    },
  ],
  [
    'one hash is held once',
    async (it) => {
      const { secret, hash } = newPreimage()
      await create(it, 21, { hold: hash })
      const wish = { msat: sats(1), terms: newTerms(2), expirySec: 60, hold: hash }
      await faultOf(it, it.wallet.createInvoice(wish), secret)
      expect(await stateOf(it, hash)).toBe('open')
    },
  ],
]

/** Of a wallet that holds no invoices. */
export const NO_HOLD: Case = [
  'refuses a wish for an invoice that is held',
  async (it) => {
    expect(it.wallet.hold).toBeUndefined()
    await faultOf(
      it,
      it.wallet.createInvoice({
        msat: sats(21),
        terms: newTerms(1),
        expirySec: 60,
        hold: newPreimage().hash,
      }),
    )
  },
]

export const create = (
  it: WalletSpecimen,
  sat: number,
  over: { expirySec?: number; hold?: Issued['paymentHash'] } = {},
): Promise<Issued> =>
  outcome(
    it,
    it.wallet.createInvoice({ msat: sats(sat), terms: newTerms(sat), expirySec: 60, ...over }),
  )

export const stateOf = async (
  it: WalletSpecimen,
  hash: Issued['paymentHash'],
): Promise<InvoiceState> => (await outcome(it, it.wallet.lookup(hash))).state

export const untilState = (
  it: WalletSpecimen,
  invoice: Issued,
  state: InvoiceState,
): Promise<void> =>
  until(
    it,
    `the invoice reads ${state}`,
    async () => (await stateOf(it, invoice.paymentHash)) === state,
  )
