import type { EventId, PubKey } from '../protocol/ids.ts'
import { MOST_OBSERVATIONS } from './cache.ts'
import { receiptDuplicate, storeClosed } from './faults.ts'
import type { Kept, Observation, Store } from './store.ts'

/** A store that forgets everything with its process: for tests, the simulator and `up --once`. */
export const memoryStore = (): Store => {
  const kept = new Map<EventId, Kept>()
  const receipts = new Set<string>()
  const heads = new Map<PubKey, EventId>()
  const observations: Observation[] = []
  let closed = false

  return {
    keep: async (it) => {
      if (closed) throw storeClosed()
      if (kept.has(it.id)) return
      if (it.kind === 'receipt') {
        const place = `${it.by} ${it.job} ${it.ticket}`
        if (receipts.has(place)) throw receiptDuplicate(it.job)
        receipts.add(place)
        heads.set(it.by, it.id)
      }
      kept.set(it.id, it)
    },
    chainHead: (key) => heads.get(key) ?? null,
    ofJob: (job) => [...kept.values()].filter((it) => it.job === job),
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
