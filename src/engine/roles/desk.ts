import { type Clock, unixMs } from '../base/clock.ts'
import { Fault, asFault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Msat } from '../base/money.ts'
import { decodeBolt11 } from '../protocol/bolt11/decode.ts'
import { type Invoice as Bolt11Invoice, fitsNet } from '../protocol/bolt11/invoice.ts'
import type { Net } from '../protocol/event.ts'
import { termsHash, termsMemo } from '../protocol/terms.ts'
import type { BookEvent, WantedInvoice } from '../metering/invoice-book-rows.ts'
import type { InvoiceStatus, Wallet } from '../payments/wallet.ts'
import type { PaymentHash, Preimage } from '../protocol/ids.ts'
import { hashOfPreimage } from '../protocol/preimage.ts'

/** What a payee's wallet is asked; what it says follows as an event of its invoice book. */
export type WalletEffect =
  | Readonly<{
      do: 'wallet'
      ask: 'invoice'
      wanted: WantedInvoice
      terms: string
      expirySec: number
      /** Of a hold invoice: what settles it. The wallet is told its hash alone. */
      preimage: Preimage | null
    }>
  | Readonly<{ do: 'wallet'; ask: 'lookup' | 'cancel'; hash: PaymentHash }>
  | Readonly<{ do: 'wallet'; ask: 'settle'; hash: PaymentHash; preimage: Preimage }>

export type DeskOptions = Readonly<{
  wallet: Wallet
  /** Whether its invoices commit to their terms. */
  binds: boolean
  /** Whether the ledger has an invoice of this hash, however it stands: what it paid for is credited once. */
  isKnown: (hash: PaymentHash) => boolean
  net: Net
  clock: Clock
  log: Log
  tell: (event: BookEvent) => void
}>

/** The wallet of a payee at work: does what the mind wants of it, and tells what came of it. */
export class Desk {
  private readonly stop: () => void

  constructor(private readonly at: DeskOptions) {
    this.stop = at.wallet.subscribe((status) => this.said(status))
  }

  perform(effect: WalletEffect): void {
    const { wallet } = this.at
    if (effect.ask === 'invoice')
      return void this.issue(effect).catch((e) => this.unissued(effect, e))
    const { hash } = effect
    const done =
      effect.ask === 'lookup'
        ? wallet.lookup(hash).then((status) => this.said(status))
        : // What it did is looked up: it may have done it before, or not yet.
          (effect.ask === 'settle'
            ? wallet.hold?.settle(effect.preimage)
            : wallet.hold?.cancel(hash)
          )
            ?.then(() => wallet.lookup(hash))
            .then((status) => this.said(status))
    // It is asked again when that is due.
    done?.catch((error: unknown) => this.failed(asFault(error)))
  }

  async close(): Promise<void> {
    this.stop()
    await this.at.wallet.close()
  }

  private async issue({ wanted, terms, expirySec, preimage }: Invoice): Promise<void> {
    const { msat, payer, ref, seq, purpose } = wanted
    const hold = preimage && hashOfPreimage(preimage)
    const wish = { msat, terms, expirySec, ...(hold && { hold }) }
    const { bolt11, paymentHash } = await this.at.wallet.createInvoice(wish)
    const invoice = decodeBolt11(bolt11)
    const isOther = hold !== null && paymentHash !== hold
    if (typeof invoice === 'string' || isOther || !this.isAsked(invoice, paymentHash, msat, terms))
      return this.unissued({ wanted }, otherInvoice())
    if (this.at.isKnown(paymentHash)) return this.unissued({ wanted }, sameInvoice())
    const ends = (invoice.timestamp + invoice.expirySec) * 1000
    const expiresAt = unixMs(Math.min(ends, this.at.clock.now() + expirySec * 1000))
    const issued = { hash: paymentHash, payer, ref, seq, purpose, msat, terms, bolt11, expiresAt }
    this.at.tell({ type: 'issued', invoice: { ...issued, preimage } })
  }

  /** A payer would not pay another one, and its seq would be taken until nobody can. */
  private isAsked(of: Bolt11Invoice, hash: PaymentHash, amount: Msat, terms: string): boolean {
    const isBound = of.descriptionHash === termsHash(terms) || of.description === termsMemo(terms)
    if (this.at.binds && !isBound) return false
    return fitsNet(of.prefix, this.at.net) && of.msat === amount && of.paymentHash === hash
  }

  private unissued({ wanted: { payer, ref } }: Pick<Invoice, 'wanted'>, error: unknown): void {
    this.failed(asFault(error))
    this.at.tell({ type: 'unissued', payer, ref })
  }

  private said({ paymentHash, state, received }: InvoiceStatus): void {
    this.at.tell({ type: 'status', hash: paymentHash, state, received })
  }

  /** The code alone: what a wallet says may hold anything. */
  private failed({ code }: Fault): void {
    this.at.log.warn('wallet.failed', { code })
  }
}

const otherInvoice = (): Fault =>
  new Fault('unavailable', 'wallet.answer', 'the wallet made another invoice than was asked for')

/** Behind an address one is kept for each amount, and given a little too long. */
const sameInvoice = (): Fault =>
  new Fault('unavailable', 'wallet.repeated', 'the wallet gave an invoice that it had given before')

type Invoice = Extract<WalletEffect, { ask: 'invoice' }>
