// A wallet that pays, as wallets are on bad days.
import type { PayLimits, Payer, Payment } from '../../src/engine/payments/payer.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { type Preimage, preimage } from '../../src/engine/protocol/ids.ts'
import { toHex } from '../../src/engine/base/bytes.ts'
import { type FaultPlan, type WalletFault, nonsense } from './faulty-wallet-plan.ts'

const OF_PAYMENTS: readonly WalletFault[] = [
  'down',
  'page',
  'cut',
  'late answer',
  'stuck',
  'settles after timeout',
  'settles after failure',
  'no preimage',
  'zero preimage',
  'wrong preimage',
]
const LATER_MS = 60_000

/**
 * The same payer, with the faults of a plan. `inner` never pays an invoice twice, and neither does this: it holds to
 * what it said of one. Without faults it is the payer that it wraps.
 */
export const faultyPayer = (inner: Payer, plan: FaultPlan): Payer => {
  const { clock, random } = plan
  /** What is said of a payment, whatever its truth. */
  const stories = new Map<string, Payment>()
  const preimages = new Map<string, Preimage | null>()
  const waiting = new Set<() => void>()

  const shown = (hash: string, payment: Payment): Payment =>
    payment.state === 'settled' && preimages.has(hash)
      ? { ...payment, preimage: preimages.get(hash)! }
      : payment

  /** Pays within a minute, whoever waits for it. */
  const payLater = (hash: string, bolt11: string, limits: PayLimits): void => {
    const stop = clock.after(1 + random.below(LATER_MS), () => {
      waiting.delete(stop)
      stories.delete(hash)
      void inner.pay(bolt11, limits).catch(() => {})
    })
    waiting.add(stop)
  }

  const pay = async (bolt11: string, limits: PayLimits): Promise<Payment> => {
    plan.reach()
    const hash = hashOf(bolt11)
    const story = hash !== null && stories.get(hash)
    if (story) return story
    const fault = hash === null ? null : plan.draw(OF_PAYMENTS)
    if (fault === null || hash === null) return shown(hash ?? '', await inner.pay(bolt11, limits))
    switch (fault) {
      case 'down':
        throw plan.goDown()
      case 'page':
        throw nonsense()
      case 'cut':
        // Sent, and nobody hears what becomes of it.
        void inner.pay(bolt11, limits).catch(() => {})
        return { state: 'unknown' }
      case 'late answer': {
        const [payment] = await Promise.all([
          inner.pay(bolt11, limits),
          plan.wait(random.below(limits.timeoutMs)),
        ])
        return payment
      }
      case 'stuck':
        stories.set(hash, { state: 'inflight' })
        await plan.wait(limits.timeoutMs)
        return { state: 'inflight' }
      case 'settles after timeout':
        stories.set(hash, { state: 'unknown' })
        await plan.wait(limits.timeoutMs)
        payLater(hash, bolt11, limits)
        return { state: 'unknown' }
      case 'settles after failure':
        stories.set(hash, { state: 'failed', reason: 'other' })
        payLater(hash, bolt11, limits)
        return { state: 'failed', reason: 'other' }
      default:
        preimages.set(hash, insteadOf(fault, plan))
        return shown(hash, await inner.pay(bolt11, limits))
    }
  }

  return {
    info: async () => {
      plan.reach()
      return inner.info()
    },
    pay,
    payStatus: async (hash, bolt11) => {
      plan.reach()
      const fault = plan.draw(['down', 'page'])
      if (fault) throw fault === 'down' ? plan.goDown() : nonsense()
      const story = stories.get(hash)
      if (story) return story
      const payment = await inner.payStatus(hash, bolt11)
      return payment && shown(hash, payment)
    },
    close: () => {
      for (const stop of waiting) stop()
      return inner.close()
    },
  }
}

const hashOf = (bolt11: string): string | null => {
  const invoice = decodeBolt11(bolt11)
  return typeof invoice === 'string' ? null : invoice.paymentHash
}

const insteadOf = (fault: WalletFault, { random }: FaultPlan): Preimage | null => {
  if (fault === 'no preimage') return null
  return preimage(fault === 'zero preimage' ? '0'.repeat(64) : toHex(random.bytes(32)))
}
