// A wallet that receives, as wallets are on bad days. What it wraps is sound (sim), so a test can look at the truth.
import { msat } from '../../src/engine/base/money.ts'
import { foreignInvoice } from '../../src/engine/payments/foreign.conformance.ts'
import type {
  InvoiceStatus,
  InvoiceWish,
  Issued,
  Wallet,
} from '../../src/engine/payments/wallet.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { type FaultPlan, type WalletFault, nonsense, unreachable } from './faulty-wallet-plan.ts'

const OF_CALLS: readonly WalletFault[] = ['down', 'page', 'cut', 'late answer']
const LATE_MS = 20_000

/** The same wallet, with the faults of a plan. Without any it is the wallet that it wraps. */
export const faultyWallet = (inner: Wallet, plan: FaultPlan): Wallet => {
  const { random } = plan
  const issued: Issued[] = []

  /** A call of which anything may become. */
  const call = async <T>(perform: () => Promise<T>): Promise<T> => {
    plan.reach()
    const fault = plan.draw(OF_CALLS)
    if (fault === 'down') throw plan.goDown()
    if (fault === 'page') throw nonsense()
    const answer = await perform()
    if (fault === 'cut') throw unreachable()
    if (fault === 'late answer') await plan.wait(random.below(LATE_MS))
    return answer
  }

  /** An invoice that is not the one that was asked for. */
  const another = async (wish: InvoiceWish): Promise<Issued> => {
    const before = issued.at(-1)
    const which = random.below(before ? 3 : 2)
    if (which === 2) return before!
    return inner.createInvoice(
      which === 1 ? { ...wish, terms: `${wish.terms} ` } : { ...wish, msat: msat(wish.msat * 2n) },
    )
  }
  const createInvoice = async (wish: InvoiceWish): Promise<Issued> => {
    const fault = plan.draw(['wrong net', 'other invoice'])
    if (fault === 'other invoice') return another(wish)
    if (fault === 'wrong net') return ofOtherNet(plan, wish)
    const it = await inner.createInvoice(wish)
    issued.push(it)
    if (issued.length > 100) issued.shift()
    return it
  }

  const amounts = new Map<string, bigint>()
  /** What it says of an invoice, the same each time. */
  const status = (it: InvoiceStatus): InvoiceStatus => {
    if (it.received === null) return it
    const said = amounts.get(it.paymentHash)
    const twice = random.below(2) === 0
    const received =
      said ??
      (plan.draw(['wrong amount']) ? (twice ? it.received * 2n : it.received / 2n) : it.received)
    if (amounts.size < 10_000) amounts.set(it.paymentHash, received)
    return { ...it, received: msat(received) }
  }

  return {
    info: () => call(() => inner.info()),
    createInvoice: (wish) => call(() => createInvoice(wish)),
    lookup: (hash) => call(async () => status(await inner.lookup(hash))),
    subscribe: (changed) => subscribeTo(inner, plan, (it) => changed(status(it))),
    ...(inner.hold && {
      hold: {
        settle: (preimage) => call(() => inner.hold!.settle(preimage)),
        cancel: (hash) => call(() => inner.hold!.cancel(hash)),
      },
    }),
    close: () => inner.close(),
  }
}

const subscribeTo = (
  inner: Wallet,
  plan: FaultPlan,
  changed: (status: InvoiceStatus) => void,
): (() => void) => {
  const waiting = new Set<() => void>()
  const later = (status: InvoiceStatus): void => {
    const stop = plan.clock.after(1 + plan.random.below(LATE_MS), () => {
      waiting.delete(stop)
      changed(status)
    })
    waiting.add(stop)
  }
  const end = inner.subscribe((status) => {
    const fault = plan.draw(['lost', 'late notice', 'duplicate'])
    if (fault === 'lost') return
    if (fault === 'late notice') return later(status)
    changed(status)
    if (fault !== 'duplicate') return
    changed(status)
    later(status)
  })
  return () => {
    end()
    for (const stop of waiting) stop()
    waiting.clear()
  }
}

const ofOtherNet = async ({ clock }: FaultPlan, wish: InvoiceWish): Promise<Issued> => {
  const { msat: amount, expirySec } = wish
  const bolt11 = await foreignInvoice('mainnet', { at: clock.now(), msat: amount, expirySec })
  const invoice = decodeBolt11(bolt11)
  if (typeof invoice === 'string') throw new Error(invoice)
  return { bolt11, paymentHash: invoice.paymentHash }
}
