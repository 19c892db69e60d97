import type { Fault } from '../base/fault.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { MOST_OBSERVATIONS } from './cache.ts'
import { receiptDuplicate, storeClosed } from './faults.ts'
import { memoryMoney } from './money-memory.ts'
import type { LedgerStore } from './money-store.ts'
import type { Kept, Observation } from './store.ts'

/** A store that forgets everything with its process: for tests, the simulator and `up --once`. */
export const memoryStore = (): LedgerStore => {
  const kept = new Map<EventId, Kept>()
  const receipts = new Set<string>()
  const heads = new Map<PubKey, EventId>()
  const observations: Observation[] = []
  let closed = false

  /** @returns what takes it back, or why it is not kept */
  const keep = (it: Kept): (() => void) | Fault => {
    if (kept.has(it.id)) return () => {}
    const place = `${it.by} ${it.job} ${it.ticket}`
    const head = heads.get(it.by)
    if (it.kind === 'receipt') {
      if (receipts.has(place)) return receiptDuplicate(it.job)
      receipts.add(place)
      heads.set(it.by, it.id)
    }
    kept.set(it.id, it)
    return () => {
      kept.delete(it.id)
      if (it.kind !== 'receipt') return
      receipts.delete(place)
      if (head) heads.set(it.by, head)
      else heads.delete(it.by)
    }
  }

  return {
    keep: async (it) => {
      if (closed) throw storeClosed()
      const done = keep(it)
      if (typeof done !== 'function') throw done
    },
    money: memoryMoney(
      keep,
      () => closed,
      (job, id) => {
        const one = kept.get(id)
        return one?.kind === 'receipt' && one.job === job ? one.text : null
      },
    ),
    chainHead: (key) => heads.get(key) ?? null,
    newest: (limit) => [...kept.values()].toReversed().slice(0, limit),
    observe: async (observation) => {
      if (closed) throw storeClosed()
      observations.push(observation)
      if (observations.length >= 2 * MOST_OBSERVATIONS) observations.splice(0, MOST_OBSERVATIONS)
    },
    observations: (since) => observations.filter((it) => it.at >= since).slice(-MOST_OBSERVATIONS),
    close: async () => {
      closed = true
    },
  }
}
