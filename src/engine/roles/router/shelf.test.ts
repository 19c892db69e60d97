import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { EventId } from '../../protocol/ids.ts'
import { matchesFilter } from '../../transport/filter.ts'
import { type Public, Shelf } from './shelf.ts'

const hex = (n: number): EventId => n.toString(16).padStart(64, '0') as EventId

/** A status as far as a shelf looks at it. */
const status = (n: number, at = n, reads = { count: 0 }): Public => {
  const event = { id: hex(n), pubkey: hex(n % 7), kind: 36_422, created_at: at, tags: [['d', 's']] }
  const it = { text: `text ${n}`, name: 'status', body: {} }
  return Object.defineProperty(it, 'event', {
    get: () => (reads.count++, event),
  }) as never
}

const full = (reads: { count: number }) => {
  const shelf = new Shelf()
  for (let n = 0; n < 20_000; n++) shelf.set(hex(n), status(n, n, reads))
  reads.count = 0
  return shelf
}

test('ids are looked up, however many events there are', () => {
  const reads = { count: 0 }
  const shelf = full(reads)
  const ids = Array.from({ length: 500 }, (_, n) => hex(0xfffff + n))
  expect(shelf.find({ ids })).toEqual([])
  expect(shelf.find({ ids: [...ids.slice(1), hex(5), hex(5)] })).toEqual(['text 5'])
  expect(reads.count).toBeLessThan(10)
})

test('nothing is looked at beyond what was asked for', () => {
  const reads = { count: 0 }
  const shelf = full(reads)
  expect(shelf.find({ kinds: [36_422], limit: 2 })).toEqual(['text 19999', 'text 19998'])
  expect(shelf.find({ kinds: [36_422], limit: 0 })).toEqual([])
  expect(reads.count).toBeLessThan(10)
  expect(shelf.find({ kinds: [36_422], limit: 9_999 })).toHaveLength(500)
  expect(reads.count).toBeLessThan(1_000)
})

test('it finds what reading and sorting everything would', () => {
  const number = fc.nat(30)
  const step = fc.record({ remove: fc.boolean(), n: number, at: fc.nat(5) })
  const filter = fc.oneof(
    fc.record({ ids: fc.array(number.map(hex)) }),
    fc.record({ authors: fc.array(number.map(hex)), limit: fc.nat(8) }),
    fc.record({ kinds: fc.constantFrom([36_422], [1], []), since: fc.nat(5), until: fc.nat(5) }),
    fc.record({ '#d': fc.constantFrom(['s'], ['x', 's'], ['x']), ids: fc.array(number.map(hex)) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.array(filter), (steps, filters) => {
      const shelf = new Shelf()
      const all = new Map<EventId, Public>()
      for (const { remove, n, at } of steps) {
        const it = status(n, at)
        if (remove) shelf.delete(hex(n))
        else shelf.set(hex(n), it)
        all.delete(hex(n))
        if (!remove) all.set(hex(n), it)
      }
      expect([...shelf.values()]).toEqual([...all.values()])
      for (const one of filters)
        expect(shelf.find(one)).toEqual(
          [...all.values()]
            .filter((it) => matchesFilter(one, it.event))
            .sort(
              ({ event: a }, { event: b }) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1),
            )
            .map((it) => it.text)
            .slice(0, 'limit' in one ? one.limit : 500),
        )
    }),
    { seed: 3 },
  )
})
