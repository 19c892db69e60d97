import type { Fault } from '../../base/fault.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { reused } from '../../spending/journal.ts'
import type { Entry, WantedPayment } from '../../spending/journal-rows.ts'

type Invoice = Pick<WantedPayment, 'hash' | 'bolt11'>
type Waiting = PromiseWithResolvers<Entry> & Pick<Invoice, 'bolt11'>

/**
 * Who waits for the end of a payment in this process, by its hash. How an invoice ended says nothing of another one
 * with the same hash: whoever waits for that one hears `payment.reused`.
 */
export const openWaiting = () => {
  const all = new Map<PaymentHash, Waiting>()
  const take = (hash: PaymentHash): Waiting | undefined => {
    const one = all.get(hash)
    all.delete(hash)
    return one
  }
  return {
    /** What somebody waits for already; undefined where nobody does. */
    joined: ({ hash, bolt11 }: Invoice): Promise<Entry> | undefined => {
      const one = all.get(hash)
      if (one && one.bolt11 !== bolt11) return Promise.reject(reused({ hash, state: 'intent' }))
      return one?.promise
    },
    begun: ({ hash, bolt11 }: Invoice): Promise<Entry> => {
      const end = Promise.withResolvers<Entry>()
      // It may end before it is looked at.
      end.promise.catch(() => {})
      all.set(hash, { ...end, bolt11 })
      return end.promise
    },
    isFor: ({ hash, bolt11 }: Invoice): boolean => all.get(hash)?.bolt11 === bolt11,
    /** It has ended, or nobody can say how. */
    tell: (entry: Entry): void => {
      const one = take(entry.hash)
      if (one?.bolt11 === entry.bolt11) one.resolve(entry)
      else one?.reject(reused(entry))
    },
    /** Once nobody waits for any of these any more. @param but those that are left out */
    over: async (but: ReadonlySet<PaymentHash>): Promise<void> => {
      const open = [...all].filter(([hash]) => !but.has(hash)).map(([, { promise }]) => promise)
      await Promise.allSettled(open)
    },
    refuse: (hash: PaymentHash, why: unknown): void => take(hash)?.reject(why),
    refuseAll: (fault: Fault): void => {
      for (const hash of all.keys()) take(hash)?.reject(fault)
    },
  }
}
