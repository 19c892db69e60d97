import { expect, test } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { type HeldSlots, holdPaid, holdSlot, mayTake } from './invoice-book-slots.ts'

const ticket = (n: number) => `ticket ${n}` as EventId
const key = (n: number) => `key ${n}` as PubKey
const at = (s: number) => unixMs(1_000_000 + s * 1000)

test('a ticket waits 60 s for who pays, and for nobody else', () => {
  const held: HeldSlots = new Map()
  expect(holdSlot(held, ticket(1), key(1), 4, at(0))?.until).toBe(at(60))
  expect(holdSlot(held, ticket(1), key(1), 4, at(9))?.until).toBe(at(60))
  expect(holdSlot(held, ticket(1), key(2), 4, at(9))).toBeNull()
  expect([key(1), key(2)].map((it) => mayTake(held, ticket(1), it, at(59)))).toEqual([true, false])
  expect(mayTake(held, ticket(1), key(2), at(60))).toBe(true)
  expect(mayTake(held, ticket(2), key(2), at(0))).toBe(true)
})

test.each([
  [1, 1],
  [7, 1],
  [8, 2],
  [40, 10],
])('attack 11: of %d slots %d are held unpaid at once', (slots, most) => {
  const held: HeldSlots = new Map()
  const holds = Array.from({ length: slots }, (_, n) =>
    holdSlot(held, ticket(n), key(n), slots, at(0)),
  )
  expect(holds.filter(Boolean)).toHaveLength(most)
})

test('attack 11: who pays makes room, and keeps its ticket', () => {
  const held: HeldSlots = new Map()
  holdSlot(held, ticket(1), key(1), 4, at(0))
  expect(holdSlot(held, ticket(2), key(2), 4, at(1))).toBeNull()
  holdPaid(held, key(1))
  expect(holdSlot(held, ticket(2), key(2), 4, at(1))).not.toBeNull()
  expect(mayTake(held, ticket(1), key(2), at(59))).toBe(false)
})

test('attack 11: keys that never pay hold a quarter of the slots half of the time', () => {
  const held: HeldSlots = new Map()
  let [taken, key_] = [0, 0]
  const SECONDS = 3_600
  for (let s = 0; s < SECONDS; s++) {
    // A new key each second, on whichever of four tickets is free.
    for (const n of [0, 1, 2, 3]) holdSlot(held, ticket(n), key(key_++), 4, at(s))
    taken += [0, 1, 2, 3].filter((n) => !mayTake(held, ticket(n), key(-1), at(s))).length
  }
  expect(taken / SECONDS).toBeLessThanOrEqual(0.51)
  expect(taken / SECONDS).toBeGreaterThan(0.4)
  expect(held.size).toBeLessThanOrEqual(1)
})

test('one key holds one ticket, and no second one for a while where it let the first lapse', () => {
  const held: HeldSlots = new Map()
  holdSlot(held, ticket(1), key(1), 40, at(0))
  expect(holdSlot(held, ticket(2), key(1), 40, at(1))).toBeNull()
  expect(holdSlot(held, ticket(2), key(1), 40, at(119))).toBeNull()
  expect(holdSlot(held, ticket(2), key(1), 40, at(120))).not.toBeNull()
})
