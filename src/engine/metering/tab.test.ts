import { describe, expect, test } from 'bun:test'
import { type UnixMs, unixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import { drawFlaw } from './tab-draw.ts'
import { type Place, type Tab, authorized } from './tab-rows.ts'
import {
  type DrawWish,
  type Tabs,
  credit,
  extend,
  grant,
  lapse,
  openTabs,
  release,
  reserve,
  reservedFor,
  settle,
} from './tab.ts'

const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
const now = unixMs(1_700_000_000_000)
const DAY = 86_400_000
const [NODE, KEY] = [hex<PubKey>(1), hex<PubKey>(2)]
const place = (n: number): Place => ({ job: hex<JobId>(n), ticket: hex<EventId>(1000 + n) })
const wish = (n: number, ceiling: bigint, over: Partial<DrawWish> = {}): DrawWish => ({
  id: hex<EventId>(2000 + n),
  key: KEY,
  ...place(n),
  ceiling: msat(ceiling),
  timing: 'before',
  text: '',
  ...over,
})
const UNFUNDED = { refused: 'unfunded' }
const fresh = (): Tabs => openTabs(NODE, { tabs: [], draws: [] }, now).state
const pay = (tabs: Tabs, amount: bigint, seq = 1, at: UnixMs = now) =>
  credit(tabs, { payer: KEY, ref: KEY, seq, received: msat(amount) }, at, DAY)
const bill = (tabs: Tabs, n: number, cost: bigint, at: UnixMs = now) =>
  settle(tabs, place(n), { id: hex<EventId>(3000 + n), cost: msat(cost) }, at, DAY)
const tab = (tabs: Tabs): Tab => tabs.tabs.get(KEY)!
const sums = (tabs: Tabs): bigint[] => {
  const { paid, used, reserved } = tab(tabs)
  return [paid, used, reserved, authorized(tab(tabs))]
}

test('a job reserves its ceiling, is charged its cost, and the rest is free again', () => {
  const tabs = fresh()
  pay(tabs, 10_000n)
  expect(reserve(tabs, wish(1, 6_000n), now)).toMatchObject({ reserved: 6_000n })
  expect(sums(tabs)).toEqual([10_000n, 0n, 6_000n, 4_000n])
  const { statement, changes } = bill(tabs, 1, 2_500n)
  expect(sums(tabs)).toEqual([10_000n, 2_500n, 0n, 7_500n])
  expect(statement).toEqual({
    node: NODE,
    key: KEY,
    n: 1,
    paid: msat(10_000n),
    used: msat(2_500n),
    reserved: msat(0n),
    receipt: hex<EventId>(3001),
    cost: msat(2_500n),
  })
  expect(changes.map((it) => [it.do, it.table])).toEqual([
    ['put', 'tabs'],
    ['put', 'draws'],
  ])
})

test('paid before: refused with the sum that is lacking, and nothing is kept of a stranger', () => {
  const tabs = fresh()
  expect(reserve(tabs, wish(1, 5_000n), now)).toEqual({
    refused: 'unfunded',
    shortfall: msat(5_000n),
  })
  expect(tabs.tabs.size + tabs.draws.size + tabs.ended.size).toBe(0)
  pay(tabs, 4_999n)
  expect(reserve(tabs, wish(1, 5_000n), now)).toEqual({ refused: 'unfunded', shortfall: msat(1n) })
  pay(tabs, 1n, 2)
  expect(reserve(tabs, wish(1, 5_000n), now)).toMatchObject({ reserved: 5_000n })
})

test('attack 18, work and no pay: a stream gets what is authorized, stops there, and goes on after a top-up', () => {
  const tabs = fresh()
  const stream = wish(1, 50_000n, { timing: 'stream' })
  expect(reserve(tabs, stream, now)).toEqual({ refused: 'unfunded', shortfall: msat(50_000n) })
  pay(tabs, 10_000n)
  expect(reserve(tabs, stream, now)).toMatchObject({ reserved: 10_000n })
  expect([reservedFor(tabs, place(1)), extend(tabs, place(1), now)]).toEqual([msat(10_000n), []])
  expect(() => bill(tabs, 1, 10_001n)).toThrow('10000 are reserved')
  pay(tabs, 100_000n, 2)
  expect(extend(tabs, place(1), now)).toHaveLength(2)
  expect(reservedFor(tabs, place(1))).toBe(msat(50_000n))
  expect(sums(tabs)).toEqual([110_000n, 0n, 50_000n, 60_000n])
  bill(tabs, 1, 50_000n)
})

test('attack 20, an overdraw by jobs at once: what one reserved no other can', () => {
  const tabs = fresh()
  pay(tabs, 10_000n)
  const taken = [1, 2, 3].map((n) => reserve(tabs, wish(n, 4_000n), now))
  expect(taken).toMatchObject([{ reserved: 4_000n }, { reserved: 4_000n }, UNFUNDED])
  const stream = reserve(tabs, wish(4, 9_000n, { timing: 'stream' }), now)
  expect(stream).toMatchObject({ reserved: 2_000n })
  expect(reserve(tabs, wish(5, 1n, { timing: 'stream' }), now)).toMatchObject(UNFUNDED)
  expect(sums(tabs)[3]).toBe(0n)
})

test('attack 6, a draw again: for its job and ticket it is good once, also after the job ended', () => {
  const tabs = fresh()
  pay(tabs, 100_000n)
  reserve(tabs, wish(1, 1_000n), now)
  const again = () => reserve(tabs, wish(1, 1_000n, { id: hex<EventId>(77) }), now)
  expect(again()).toMatchObject({ refused: 'used' })
  bill(tabs, 1, 1_000n)
  expect(again()).toMatchObject({ refused: 'used' })
  reserve(tabs, wish(2, 1_000n), now)
  release(tabs, place(2), now)
  expect(reserve(tabs, wish(2, 1_000n), now)).toMatchObject({ refused: 'used' })
  expect(sums(tabs)).toEqual([100_000n, 1_000n, 0n, 99_000n])
  // Once no ticket of that time lives any more, the ledger alone remembers.
  const later = unixMs(now + 600_001)
  reserve(tabs, wish(3, 1_000n), later)
  expect(tabs.ended.size).toBe(0)
})

test('attack 6: a draw is for one job, ticket, node, session, body, ceiling and timing', () => {
  const about = { node: NODE, session: KEY, body: 'ab', ceiling: msat(5n), timing: 'before' }
  const draw = { ...place(1), ...about }
  expect(drawFlaw(draw, { ...draw })).toBeNull()
  const other = { node: KEY, session: NODE, body: 'cd', ceiling: msat(6n), timing: 'stream' }
  const others = { ...place(2), ...other }
  for (const field of Object.keys(draw) as (keyof typeof draw)[])
    expect(drawFlaw(draw, { ...draw, [field]: others[field] })).toBe(field)
})

test('attack 19, an abandoned job: what was made is charged; what it reserved is free at its end', () => {
  const tabs = fresh()
  pay(tabs, 10_000n)
  reserve(tabs, wish(1, 9_000n), now)
  bill(tabs, 1, 3_000n)
  reserve(tabs, wish(2, 7_000n), now)
  expect(release(tabs, place(2), now)).toHaveLength(2)
  expect(sums(tabs)).toEqual([10_000n, 3_000n, 0n, 7_000n])
  expect(() => release(tabs, place(2), now)).toThrow('no open draw')
  expect(() => bill(tabs, 2, 0n)).toThrow('no open draw')
})

test('attack 19: after a restart nothing stays reserved for jobs that are no more', () => {
  const tabs = fresh()
  pay(tabs, 10_000n)
  reserve(tabs, wish(1, 6_000n), now)
  const rows = { tabs: [...tabs.tabs.values()], draws: [...tabs.draws.values()] }
  const { state, changes } = openTabs(NODE, rows, now)
  expect(sums(state)).toEqual([10_000n, 0n, 0n, 10_000n])
  expect(changes.map((it) => it.row)).toMatchObject([{ reserved: 0n }, { state: 'released' }])
  expect(reserve(state, wish(1, 6_000n), now)).toMatchObject({ refused: 'used' })
})

test('statements are numbered without a gap, and each adds the cost of its receipt', () => {
  const tabs = fresh()
  pay(tabs, 100_000n)
  const said = [1, 2, 3].map((n) => {
    reserve(tabs, wish(n, 1_000n), now)
    if (n === 2) reserve(tabs, wish(10, 500n), now)
    return bill(tabs, n, BigInt(n)).statement
  })
  expect(said).toMatchObject([
    { n: 1, used: 1n, reserved: 0n },
    { n: 2, used: 3n, reserved: 500n },
    { n: 3, used: 6n, reserved: 500n },
  ])
  release(tabs, place(10), now)
  expect(tab(tabs).n).toBe(3)
})

describe('on credit', () => {
  const granted = (): Tabs => {
    const tabs = fresh()
    grant(tabs, KEY, msat(5_000n), now)
    return tabs
  }
  const after = (n: number, ceiling = 3_000n) => wish(n, ceiling, { timing: 'after' })

  test('a key may use so much before it pays, and not one msat more', () => {
    const tabs = granted()
    expect(reserve(tabs, after(1), now)).toMatchObject({ reserved: 3_000n })
    expect(reserve(tabs, after(2), now)).toMatchObject({ reserved: 2_000n })
    expect(reserve(tabs, after(3), now)).toMatchObject(UNFUNDED)
    bill(tabs, 1, 3_000n)
    bill(tabs, 2, 2_000n)
    expect(reserve(tabs, after(4), now)).toMatchObject(UNFUNDED)
    expect(sums(tabs)).toEqual([0n, 5_000n, 0n, 0n])
  })

  test('a debt is due from when an invoice can carry it, whatever part of it is paid', () => {
    const tabs = granted()
    reserve(tabs, after(1), now)
    bill(tabs, 1, 999n)
    expect(tab(tabs).due).toBeNull()
    reserve(tabs, after(2), unixMs(now + 5))
    bill(tabs, 2, 2_000n, unixMs(now + 5))
    expect(tab(tabs).due).toBe(unixMs(now + 5 + DAY))
    pay(tabs, 1_000n, 1, unixMs(now + 9))
    expect(tab(tabs).due).toBe(unixMs(now + 5 + DAY))
    pay(tabs, 1_000n, 2, unixMs(now + 9))
    expect(tab(tabs).due).toBeNull()
  })

  test('unpaid when it is due, the credit is gone for good; paid late, the tab is good again', () => {
    const tabs = granted()
    reserve(tabs, after(1), now)
    bill(tabs, 1, 3_000n)
    expect(lapse(tabs, KEY, unixMs(now + DAY - 1))).toEqual([])
    expect(lapse(tabs, KEY, unixMs(now + DAY))).toMatchObject([
      { row: { credit: 0n, defaulted: true } },
    ])
    expect(lapse(tabs, KEY, unixMs(now + DAY))).toEqual([])
    expect(authorized(tab(tabs))).toBe(-3_000n)
    expect(reserve(tabs, after(2, 1n), now)).toEqual({ refused: 'unfunded', shortfall: msat(1n) })
    pay(tabs, 4_000n)
    expect(reserve(tabs, wish(3, 1_000n), now)).toMatchObject({ reserved: 1_000n })
  })
})

test('what is free takes nothing from a tab', () => {
  const tabs = fresh()
  expect(reserve(tabs, wish(1, 9_000n, { timing: 'free' }), now)).toMatchObject({ reserved: 0n })
  expect(extend(tabs, place(1), now)).toEqual([])
  expect(() => bill(tabs, 1, 1n)).toThrow('0 are reserved')
  bill(tabs, 1, 0n)
  expect(sums(tabs)).toEqual([0n, 0n, 0n, 0n])
})

test('late or early, all that came is credited, and the highest seq counts', () => {
  const tabs = fresh()
  pay(tabs, 1_000n, 2)
  pay(tabs, 500n, 1)
  expect([tab(tabs).paid, tab(tabs).seq]).toEqual([msat(1_500n), 2])
  const none: Msat = msat(0n)
  expect(grant(tabs, KEY, none, now)).toEqual([])
})
