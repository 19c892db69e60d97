import { expect, test } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import type { Kept, Observation, Store } from './store.ts'

const hex = (n: number): string => n.toString(16).padStart(64, '0')
export const NODE = hex(0xa) as PubKey
export const OTHER = hex(0xb) as PubKey

/** The n-th receipt of NODE, each for a job of its own. */
export const receiptOf = (n: number, over: Partial<Kept> = {}): Kept => ({
  id: hex(n) as EventId,
  kind: 'receipt',
  job: hex(10_000 + n) as JobId,
  ticket: hex(20_000) as EventId,
  by: NODE,
  text: `{"n":${n},"dots":"…"}`,
  at: unixMs(1_700_000_000_000 + n),
  ...over,
})

/** The events of a job among the newest, oldest first. */
export const ofJob = (store: Pick<Store, 'newest'>, job: JobId): Kept[] =>
  store
    .newest(1_000)
    .filter((it) => it.job === job)
    .toReversed()

const observationOf = (n: number): Observation => ({
  node: NODE,
  task: 'text.chat@1',
  model: 'm',
  outcome: 'ok',
  firstMs: n + 0.5,
  msPerUnit: null,
  at: unixMs(n),
})

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'kept',
    (error: { kind?: string; code?: string }) => `${error.kind} ${error.code}`,
  )

/** What every Store does, the one in memory included. */
const CASES: Readonly<Record<string, (store: Store) => Promise<void>>> = {
  'what was kept comes back as it was': async (store) => {
    await store.keep(receiptOf(1))
    expect(ofJob(store, receiptOf(1).job)).toEqual([receiptOf(1)])
    expect(ofJob(store, receiptOf(2).job)).toEqual([])
  },
  'the same event twice is kept once': async (store) => {
    await Promise.all([store.keep(receiptOf(1)), store.keep(receiptOf(1))])
    await store.keep(receiptOf(1))
    expect(store.newest(10)).toEqual([receiptOf(1)])
  },
  'a job’s events are oldest first, the newest are newest first': async (store) => {
    const { job, ticket } = receiptOf(1)
    const agreed = receiptOf(2, { kind: 'acknowledgement', by: OTHER, job, ticket })
    for (const kept of [receiptOf(1), agreed, receiptOf(3)]) await store.keep(kept)
    expect(ofJob(store, job)).toEqual([receiptOf(1), agreed])
    expect(store.newest(2)).toEqual([receiptOf(3), agreed])
  },
  'the chain’s head is the newest receipt of a key, at once': async (store) => {
    expect(store.chainHead(NODE)).toBeNull()
    const first = store.keep(receiptOf(1))
    expect(store.chainHead(NODE)).toBe(receiptOf(1).id)
    const second = store.keep(receiptOf(2))
    expect(store.chainHead(NODE)).toBe(receiptOf(2).id)
    await Promise.all([first, second])
    expect(store.chainHead(NODE)).toBe(receiptOf(2).id)
    expect(store.chainHead(OTHER)).toBeNull()
  },
  'an acknowledgement is nobody’s head': async (store) => {
    await store.keep(receiptOf(1))
    await store.keep(receiptOf(2, { kind: 'acknowledgement' }))
    expect(store.chainHead(NODE)).toBe(receiptOf(1).id)
  },
  'a second receipt for one job and ticket is refused and moves no head': async (store) => {
    const { job } = receiptOf(1)
    const first = store.keep(receiptOf(1))
    const second = code(store.keep(receiptOf(2, { job })))
    expect(store.chainHead(NODE)).toBe(receiptOf(1).id)
    expect(await second).toBe('io receipt.duplicate')
    await first
    expect(await code(store.keep(receiptOf(3, { job })))).toBe('io receipt.duplicate')
    expect(store.chainHead(NODE)).toBe(receiptOf(1).id)
    expect(ofJob(store, job)).toEqual([receiptOf(1)])
    // Another node, another ticket, and everything after it are taken.
    await store.keep(receiptOf(4, { job, by: OTHER }))
    await store.keep(receiptOf(5, { job, ticket: hex(7) as EventId }))
    expect(ofJob(store, job)).toHaveLength(3)
  },
  'many at once are all kept, in order': async (store) => {
    const all = Array.from({ length: 500 }, (_, i) => receiptOf(i + 1))
    await Promise.all(all.map((kept) => store.keep(kept)))
    expect(store.newest(1000)).toEqual(all.toReversed())
  },
  'an acknowledgement is kept once, with a receipt and without': async (store) => {
    const { job } = receiptOf(1)
    const of = (n: number, over: Partial<Kept> = {}) =>
      receiptOf(n, { kind: 'acknowledgement', by: OTHER, job, ...over })
    await store.keep(of(8, { job: hex(9) as JobId }))
    await store.keep(receiptOf(1))
    await store.keep(receiptOf(2, { job, ticket: hex(7) as EventId }))
    for (let twice = 0; twice < 2; twice++) {
      await store.keep(of(3))
      await store.keep(of(4, { ticket: hex(7) as EventId }))
      await store.keep(of(8, { job: hex(9) as JobId }))
    }
    expect(ofJob(store, job).map((it) => it.id)).toEqual([1, 2, 3, 4].map((n) => hex(n) as EventId))
    expect(ofJob(store, hex(9) as JobId)).toHaveLength(1)
  },
  'an acknowledgement that came before its receipt is kept once': async (store) => {
    const { job, ticket } = receiptOf(1)
    const agreed = receiptOf(2, { kind: 'acknowledgement', by: OTHER, job, ticket })
    for (const kept of [agreed, receiptOf(1), agreed]) await store.keep(kept)
    expect(ofJob(store, job)).toEqual([agreed, receiptOf(1)])
  },
  'observations come back oldest first, from a time on': async (store) => {
    for (const n of [1, 2, 3]) void store.observe(observationOf(n))
    expect(store.observations(unixMs(2))).toEqual([observationOf(2), observationOf(3)])
    expect(store.observations(unixMs(9))).toEqual([])
  },
  'what was begun before the end is kept, nothing after it': async (store) => {
    const begun = store.keep(receiptOf(1))
    await store.close()
    await store.close()
    expect(await code(begun)).toBe('kept')
    expect(await code(store.keep(receiptOf(2)))).toBe('io store.closed')
    expect(await code(store.observe(observationOf(1)))).toBe('io store.closed')
  },
}

export const storeConformance = (name: string, open: () => Promise<Store>): void => {
  for (const [what, run] of Object.entries(CASES))
    test(`${name}: ${what}`, async () => {
      const store = await open()
      await run(store)
      await store.close()
    })
}
