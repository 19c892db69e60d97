// What goes wrong with a faulty wallet, and when: drawn by seed, or said call by call.
import type { Clock } from '../../src/engine/base/clock.ts'
import { Fault } from '../../src/engine/base/fault.ts'
import type { Random } from '../../src/engine/base/random.ts'

export const WALLET_FAULTS = [
  /** For a minute every call is answered 500. */
  'down',
  /** One answer is a page of HTML; nothing was done. */
  'page',
  /** What was asked is done, and the connection is cut before the answer. */
  'cut',
  /** A notification comes twice, and once more later. */
  'duplicate',
  /** A notification does not come. */
  'lost',
  /** A notification takes up to 20 s. */
  'late notice',
  /** An answer takes up to 20 s; that of a payment no longer than its timeout. */
  'late answer',
  /** The wallet says that half or twice of it arrived. */
  'wrong amount',
  /** The invoice is of another network. */
  'wrong net',
  /** The invoice is sound, but asks for another amount, names other terms, or is one from before. */
  'other invoice',
  /** The payment stays in flight for ever; no money moves. */
  'stuck',
  /** Nothing is known at the timeout; the money moves within a minute after. */
  'settles after timeout',
  /** It says that the payment failed; the money moves within a minute after. */
  'settles after failure',
  /** Settled, with this in place of the preimage. */
  'no preimage',
  'zero preimage',
  'wrong preimage',
] as const
export type WalletFault = (typeof WALLET_FAULTS)[number]

export type FaultPlan = Readonly<{
  clock: Clock
  random: Random
  /** The fault of this call, or null. @param among those that it can have */
  draw(among: readonly WalletFault[]): WalletFault | null
  /** @throws Fault `unavailable` `wallet.unreachable` while the wallet is down */
  reach(): void
  goDown(): Fault
  /** Waits on the plan's clock. */
  wait(ms: number): Promise<void>
  /** All that went wrong so far, in order. */
  injected: WalletFault[]
}>

/**
 * @param of.odds of each fault in a thousand calls that can have it; none where it is not named
 * @param of.next faults of the next calls that can have them, before any is drawn
 */
export const newFaultPlan = (of: {
  clock: Clock
  random: Random
  odds?: Partial<Record<WalletFault, number>>
  next?: readonly WalletFault[]
}): FaultPlan => {
  const { clock, random, odds = {} } = of
  const next = [...(of.next ?? [])]
  const injected: WalletFault[] = []
  let downUntil = 0
  return {
    clock,
    random,
    injected,
    draw: (among) => {
      const said = next[0] && among.includes(next[0]) ? next.shift() : undefined
      const fault = said ?? among.find((it) => random.below(1_000) < (odds[it] ?? 0)) ?? null
      if (fault) injected.push(fault)
      return fault
    },
    reach: () => {
      if (clock.now() < downUntil) throw unreachable()
    },
    goDown: () => {
      downUntil = clock.now() + 60_000
      return unreachable()
    },
    wait: (ms) => new Promise((resolve) => void clock.after(ms, resolve)),
  }
}

export const unreachable = (): Fault =>
  new Fault('unavailable', 'wallet.unreachable', 'the faulty wallet does not answer')

export const nonsense = (): Fault =>
  new Fault('unavailable', 'wallet.answer', 'the faulty wallet answered with a page')
