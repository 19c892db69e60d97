import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type UnixMs, unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import { type Draw, REST_MS, type Tab, type TabChange, isResting } from './tab-rows.ts'
import {
  type DrawWish,
  type Tabs,
  credit,
  grant,
  lapse,
  openTabs,
  release,
  reserve,
  settle,
  shiftTabs,
  tabAt,
} from './tab.ts'

const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
const NODE = hex<PubKey>(1)
const START = unixMs(1_700_000_000_000)
const DUE_MS = 600_000

/** What a ledger keeps, and a node that may let its tabs rest, or keeps all in memory. */
const nodeOf = (rests: boolean) => {
  const rows = { tabs: new Map<PubKey, Tab>(), draws: new Map<EventId, Draw>() }
  const write = (changes: readonly TabChange[]): void => {
    for (const { table, row } of changes) {
      if (table === 'tabs') rows.tabs.set(row.key, row)
      if (table === 'draws') rows.draws.set(row.id, row)
    }
  }
  const open = (now: UnixMs): Tabs => {
    const tabs = [...rows.tabs.values()].filter((tab) => !rests || !isResting(tab, now))
    const draws = [...rows.draws.values()].filter((it) => it.state === 'reserved')
    const recall = rests ? (key: PubKey) => rows.tabs.get(key) ?? null : null
    const { state, changes } = openTabs(NODE, { tabs, draws }, now, recall)
    write(changes)
    return state
  }
  const it = { tabs: open(START), rows, write, restart: (now: UnixMs) => (it.tabs = open(now)) }
  return it
}
type Node = ReturnType<typeof nodeOf>

const wishOf = (key: PubKey, n: number, ceiling: bigint, timing: DrawWish['timing']): DrawWish => ({
  id: hex(2_000_000 + n),
  key,
  job: hex<JobId>(n),
  ticket: hex<EventId>(1_000_000 + n),
  ceiling: msat(ceiling),
  timing,
  text: '',
})
const pay = (node: Node, payer: PubKey, ref: string, amount: bigint, now: UnixMs) =>
  node.write(credit(node.tabs, { payer, ref, seq: 1, received: msat(amount) }, now, DUE_MS))
const bill = (node: Node, n: number, cost: bigint, now: UnixMs) => {
  const place = { job: hex<JobId>(n), ticket: hex<EventId>(1_000_000 + n) }
  const { changes, statement } = settle(
    node.tabs,
    place,
    { id: hex(n), cost: msat(cost) },
    now,
    DUE_MS,
  )
  node.write(changes)
  return statement
}
/** A session of `--tab off`: one invoice, one job that costs less. */
const session = (node: Node, n: number, now: UnixMs): PubKey => {
  const key = hex<PubKey>(5_000_000 + n)
  pay(node, key, hex(n), 9_000n, now)
  const reserved = reserve(node.tabs, wishOf(key, n, 9_000n, 'before'), now)
  if ('refused' in reserved) throw new Error('refused')
  node.write(reserved.changes)
  bill(node, n, 2_000n, now)
  return key
}

test('a thousand sessions leave no tab in memory an hour later, and each is there in the ledger', () => {
  const node = nodeOf(true)
  for (let n = 0; n < 1_000; n++) session(node, n, START)
  expect(node.tabs.tabs.size).toBe(1_000)
  const later = unixMs(START + REST_MS)
  const mine = session(node, 1_000, later)
  expect([...node.tabs.tabs.keys()]).toEqual([mine])
  expect(node.rows.tabs.size).toBe(1_001)
  expect(node.restart(unixMs(later + 1)).tabs.size).toBe(1)
})

test('one that comes back has what was left, and its next statement is the next: none contradicts another', () => {
  const node = nodeOf(true)
  const key = session(node, 1, START)
  const later = unixMs(START + 400 * 86_400_000)
  session(node, 2, later)
  expect(node.tabs.tabs.has(key)).toBe(false)
  expect(tabAt(node.tabs, key)).toMatchObject({ paid: 9_000n, used: 2_000n, n: 1 })
  const again = reserve(node.tabs, wishOf(key, 3, 7_000n, 'before'), later)
  expect(again).toMatchObject({ reserved: 7_000n })
  expect(bill(node, 3, 1n, later)).toMatchObject({ n: 2, paid: 9_000n, used: 2_001n })
})

test('a clock that is set forth while a payment is on its way to the disk loses nothing of it', () => {
  const key = hex<PubKey>(7)
  for (const by of [2 * REST_MS, 400 * 86_400_000, -2 * REST_MS]) {
    const { tabs } = nodeOf(true)
    // Not written yet.
    credit(tabs, { payer: key, ref: key, seq: 1, received: msat(10_000n) }, START, DUE_MS)
    shiftTabs(tabs, by)
    const then = unixMs(START + by)
    const reserved = reserve(tabs, wishOf(key, 1, 5_000n, 'before'), then)
    expect(reserved).toMatchObject({ reserved: 5_000n })
    expect(tabAt(tabs, key)).toMatchObject({ paid: 10_000n })
  }
})

test('attack: a key that rests is not a new one to whoever plays its first job again, for nothing too', () => {
  const node = nodeOf(true)
  const key = session(node, 1, START)
  const later = unixMs(START + REST_MS)
  session(node, 2, later)
  const over = wishOf(key, 4, 7_001n, 'before')
  expect(reserve(node.tabs, over, later)).toEqual({ refused: 'unfunded', shortfall: msat(1n) })
  reserve(node.tabs, wishOf(key, 5, 0n, 'free'), later)
  expect(bill(node, 5, 0n, later)).toMatchObject({ n: 2 })
})

test('what is held, owed, trusted or of late does not rest', () => {
  const at = unixMs(START - REST_MS)
  const tab: Tab = {
    node: NODE,
    key: hex(9),
    paid: msat(5n),
    used: msat(2n),
    reserved: msat(0n),
    credit: msat(0n),
    seq: 0,
    n: 1,
    due: null,
    defaulted: false,
    at,
  }
  expect(isResting(tab, START)).toBe(true)
  for (const over of [
    { reserved: msat(1n) },
    { credit: msat(1n) },
    { used: msat(6n) },
    { due: START },
    { at: unixMs(at + 1) },
  ])
    expect({ over, rests: isResting({ ...tab, ...over }, START) }).toEqual({ over, rests: false })
})

test('whatever happens, a node that lets tabs rest says and writes what one does that keeps them all', () => {
  const step = fc.record({
    do: fc.constantFrom('pay', 'reserve', 'bill', 'release', 'grant', 'lapse', 'restart'),
    key: fc.integer({ min: 1, max: 3 }),
    amount: fc.bigInt(0n, 5_000n),
    timing: fc.constantFrom<DrawWish['timing']>('before', 'stream', 'after', 'free', 'hold'),
    wait: fc.constantFrom(0, 1_000, DUE_MS, REST_MS / 2, REST_MS, 3 * REST_MS),
  })
  let rested = 0
  const run = (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
    const [one, all] = [nodeOf(true), nodeOf(false)]
    let now = START
    steps.forEach((it, n) => {
      now = unixMs(now + it.wait)
      const key = hex<PubKey>(it.key)
      const open = [...all.tabs.draws.values()][0]
      const said = [one, all].map((node): unknown => {
        if (it.do === 'restart') return void node.restart(now)
        if (it.do === 'pay') return pay(node, key, key, it.amount + 1n, now)
        if (it.do === 'grant') return node.write(grant(node.tabs, key, msat(it.amount), now))
        if (it.do === 'lapse') return node.write(lapse(node.tabs, key, now))
        if (it.do === 'reserve') {
          const reserved = reserve(node.tabs, wishOf(key, n, it.amount, it.timing), now)
          if (!('refused' in reserved)) node.write(reserved.changes)
          return reserved
        }
        if (!open) return undefined
        if (it.do === 'release') return node.write(release(node.tabs, open, now))
        const cost = it.amount < open.reserved ? it.amount : open.reserved
        return bill(node, Number.parseInt(open.job, 16), cost, now)
      })
      expect(said[0]).toEqual(said[1])
      rested += all.tabs.tabs.size - one.tabs.tabs.size
    })
    const sorted = (node: Node) => [...node.rows.tabs].toSorted(([a], [b]) => (a < b ? -1 : 1))
    expect(sorted(one)).toEqual(sorted(all))
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), run), { seed: 7, numRuns: 300 })
  expect(rested).toBeGreaterThan(100)
})
