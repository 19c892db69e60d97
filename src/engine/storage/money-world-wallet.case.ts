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

type Truth = { state: 'open' | 'settled' | 'canceled'; msat: Msat; expiresAt: UnixMs }

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

  issue(amount: Msat, expiresAt: UnixMs): PaymentHash {
    const hash = (this.invoices.size + 1).toString(16).padStart(64, '0') as PaymentHash
    this.invoices.set(hash, { state: 'open', msat: amount, expiresAt })
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
    if (deed === 'settle' && !late) this.settle(hash)
    if (late) return newsOf('failed')
    if (deed !== 'fail' && said === 'failed') this.lies++
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
      if (this.payments.get(hash) === 'inflight') this.lies++
    }
  }

  /** Ends what is stuck, one way or the other. */
  unstick(n: number): void {
    const stuck = [...this.payments].filter(([, state]) => state === 'inflight')
    const [hash] = stuck[n % Math.max(1, stuck.length)] ?? []
    if (hash && n % 2 === 0) this.settle(hash)
    else if (hash) this.payments.set(hash, 'failed')
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
