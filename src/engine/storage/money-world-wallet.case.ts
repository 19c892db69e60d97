import { type UnixMs, unixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import type { PaymentHash } from '../protocol/ids.ts'
import type { SaidState } from '../metering/invoice-book-rows.ts'
import type { PaymentNews } from '../spending/journal-rows.ts'

/** What a wallet does with a payment, and what it says: the truth, a lie, or nothing at all. */
export const DEEDS: readonly (readonly [
  'settle' | 'fail' | 'stick',
  PaymentNews['state'] | 'silence',
])[] = [
  ['settle', 'settled'],
  ['settle', 'settled'],
  ['settle', 'unknown'],
  ['settle', 'failed'],
  ['settle', 'silence'],
  ['fail', 'failed'],
  ['fail', 'unknown'],
  ['stick', 'inflight'],
  ['stick', 'failed'],
  ['stick', 'silence'],
]

const HONEST = ['settle', 'settled'] as const

type Truth = {
  state: 'open' | 'accepted' | 'settled' | 'canceled'
  msat: Msat
  expiresAt: UnixMs
  /** What pays it waits, until its payee takes it or gives it back. */
  hold: boolean
}

/**
 * Lightning as it really is, behind a payer's and a payee's wallet that are late, forget, repeat themselves
 * and lie. What it says last, once it is `honest`, is true.
 */
export class FakeLightning {
  readonly invoices = new Map<PaymentHash, Truth>()
  readonly payments = new Map<PaymentHash, 'inflight' | 'settled' | 'failed'>()
  /** Which of the payer's wallets was told to pay what: the others know nothing of it. */
  private readonly payers = new Map<PaymentHash, string>()
  /** Payments that it called failed, or invoices cancelled, and that settled all the same. */
  lies = 0
  honest = false
  /** Which of its deeds it does with every payment; null: drawn. */
  deed: number | null = null

  /** All that moved, msat. */
  get moved(): bigint {
    return [...this.invoices.values()].reduce(
      (sum, it) => sum + (it.state === 'settled' ? it.msat : 0n),
      0n,
    )
  }

  issue(amount: Msat, expiresAt: UnixMs, hold: boolean): PaymentHash {
    const hash = (this.invoices.size + 1).toString(16).padStart(64, '0') as PaymentHash
    this.invoices.set(hash, { state: 'open', msat: amount, expiresAt, hold })
    return hash
  }

  /** @throws where it was told to pay this before */
  pay(hash: PaymentHash, n: number, now: UnixMs, wallet: string): PaymentNews | null {
    if (this.payments.has(hash)) throw new Error(`payment ${hash} is paid twice`)
    this.payers.set(hash, wallet)
    const [deed, said] = this.honest ? HONEST : DEEDS[(this.deed ?? n) % DEEDS.length]!
    const invoice = this.invoices.get(hash)!
    const late = now > invoice.expiresAt || invoice.state !== 'open'
    this.payments.set(hash, deed === 'stick' && !late ? 'inflight' : 'failed')
    if (deed === 'settle' && !late) this.arrive(hash)
    if (late) return newsOf('failed')
    if (deed !== 'fail' && said === 'failed') this.lies++
    // What waits is not settled, and no wallet says so.
    if (said === 'settled') return newsOf(this.payments.get(hash)!)
    return said === 'silence' ? null : newsOf(said)
  }

  payStatus(hash: PaymentHash, n: number, now: UnixMs, wallet: string): PaymentNews | null {
    const truth = this.payments.get(hash)
    if (!truth || this.payers.get(hash) !== wallet) return null
    if (this.honest || this.deed !== null || n % 4 > 0) return newsOf(truth)
    if (n % 3 > 0) return newsOf('unknown')
    if (truth !== 'failed') this.liesLate(hash, now)
    return null
  }

  status(hash: PaymentHash, n: number, now: UnixMs): SaidState {
    if (this.honest || this.deed !== null || n % 4 > 0)
      return this.invoices.get(hash)?.state ?? 'unknown'
    if (n % 3 > 0) return 'open'
    if (this.payments.get(hash) !== 'failed') this.liesLate(hash, now)
    return 'unknown'
  }

  /** Not to know of it is no lie as long as it may still be under way. */
  private liesLate(hash: PaymentHash, now: UnixMs): void {
    if (now > (this.invoices.get(hash)?.expiresAt ?? now)) this.lies++
  }

  /** What cannot be paid any more is cancelled, even where its money is still on the way. */
  expire(now: UnixMs): void {
    for (const [hash, it] of this.invoices) {
      if (it.state !== 'open' || now <= it.expiresAt) continue
      it.state = 'canceled'
      if (!it.hold && this.payments.get(hash) === 'inflight') this.lies++
    }
  }

  /** Ends what is stuck, one way or the other. */
  unstick(n: number): void {
    const stuck = [...this.payments].filter(
      ([hash, state]) => state === 'inflight' && this.invoices.get(hash)!.state !== 'accepted',
    )
    const [hash] = stuck[n % Math.max(1, stuck.length)] ?? []
    if (!hash) return
    const { hold, state } = this.invoices.get(hash)!
    // Money that would wait for a payee that wants none does not come.
    if (n % 2 === 0 && !(hold && state !== 'open')) this.arrive(hash)
    else this.payments.set(hash, 'failed')
  }

  /** The payee takes what waits, or gives it back, or wants nothing any more. */
  close(hash: PaymentHash, how: 'settle' | 'cancel'): void {
    const it = this.invoices.get(hash)!
    if (it.state === 'accepted' && how === 'settle') return this.settle(hash)
    if (how === 'settle' || it.state === 'settled') return
    if (it.state === 'accepted') this.payments.set(hash, 'failed')
    it.state = 'canceled'
  }

  private arrive(hash: PaymentHash): void {
    const it = this.invoices.get(hash)!
    if (!it.hold) return this.settle(hash)
    it.state = 'accepted'
    this.payments.set(hash, 'inflight')
  }

  private settle(hash: PaymentHash): void {
    this.payments.set(hash, 'settled')
    this.invoices.get(hash)!.state = 'settled'
  }
}

export const FEE = msat(1_000n)

const newsOf = (state: PaymentNews['state']): PaymentNews => {
  if (state === 'settled') return { state, preimage: null, fee: FEE }
  return state === 'failed' ? { state, reason: 'no_route' } : { state }
}

export const later = (now: UnixMs, ms: number): UnixMs => unixMs(now + ms)
