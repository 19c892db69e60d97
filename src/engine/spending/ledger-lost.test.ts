import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { SignedStatement } from '../metering/tab-rows.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import { checkStatement } from './ledger-check.ts'
import { type Charge, type ViewChange, charged, openView, paidInto } from './ledger.ts'

const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
const now = unixMs(1_700_000_000_000)
const [NODE, KEY] = [hex<PubKey>(1), hex<PubKey>(2)]
const receiptOf = (n: number) => hex<EventId>(1_000 + n)

/** A client's books, as the purse keeps them, at a node that signed a statement for each of these costs. */
const books = (costs: readonly number[], paid: bigint) => {
  let view = paidInto(openView(NODE, KEY, now), { ref: KEY, msat: msat(paid), seq: 1 }, now)
  const charges = new Map<EventId, Charge>()
  const held = new Map<number, SignedStatement>()
  const write = (changes: readonly ViewChange[]): void => {
    for (const it of changes)
      if (it.table === 'views') view = it.row
      else if (it.table === 'statements') held.set(it.row.n, it.row)
      else {
        // As the ledger does: a receipt is counted once.
        expect(charges.has(it.row.receipt)).toBe(false)
        charges.set(it.row.receipt, it.row)
      }
  }
  const usedAt = (n: number) => costs.slice(0, n).reduce((sum, it) => sum + BigInt(it), 0n)
  const statement = (n: number): SignedStatement => ({
    id: hex<EventId>(2_000 + n),
    node: NODE,
    key: KEY,
    n,
    paid: msat(paid),
    used: msat(usedAt(n)),
    reserved: msat(0n),
    receipt: receiptOf(n),
    cost: msat(BigInt(costs[n - 1]!)),
    text: '',
    at: now,
  })
  const hears = (n: number, alone: boolean): void => {
    const said = statement(n)
    const near = [...held.values()]
      .filter((it) => it.n >= n - 1)
      .sort((a, b) => a.n - b.n)
      .slice(0, 8)
    const charge = charges.get(said.receipt) ?? null
    write(checkStatement(view, said, { charge, near, out: 0n, alone }, now).changes)
  }
  return {
    view: () => view,
    kept: () => ({ statements: held.size, charges: charges.size }),
    total: usedAt(costs.length),
    counts: (n: number) => {
      const id = receiptOf(n)
      const cost = msat(BigInt(costs[n - 1]!))
      const { changes } = charged(
        view,
        { id, job: hex<JobId>(n), cost, ceiling: cost, disputed: false },
        now,
      )
      write(charges.has(id) ? [] : changes)
    },
    hears,
    /** What a node answers that is asked what it signed since. */
    syncs: () => {
      for (let n = view.n + 1; n <= costs.length; n++) hears(n, true)
    },
  }
}

test('a receipt lost before later ones were counted is counted by its statement, once', () => {
  const it = books([1_440, 7_000, 207], 10_000n)
  it.counts(2)
  it.counts(3)
  it.hears(3, true)
  it.hears(1, true)
  expect(it.view().used).toBe(msat(8_647n))
  it.hears(1, true)
  it.counts(1)
  expect(it.view().used).toBe(msat(8_647n))
})

test('one that could not be believed yet is asked for again, though later ones were', () => {
  const it = books([100, 200, 300], 10_000n)
  it.counts(1)
  it.hears(1, true)
  it.hears(2, false)
  it.counts(3)
  it.hears(3, false)
  // All since this number are asked for.
  expect(it.view()).toMatchObject({ n: 1, used: 400n })
  it.hears(2, true)
  expect(it.view()).toMatchObject({ n: 3, used: 600n })
})

test('never more than was paid, and no cost that the node’s own sums do not bear', () => {
  const poor = books([100, 200], 150n)
  poor.counts(1)
  poor.hears(2, true)
  expect(poor.view().used).toBe(msat(100n))
})

test('a thousand that charge nothing are passed by, and keep no row; what is charged after them is counted', () => {
  const it = books([...Array<number>(1_000).fill(0), 300], 10_000n)
  it.syncs()
  expect(it.view()).toMatchObject({ n: 1_001, used: 300n })
  expect(it.kept()).toEqual({ statements: 1, charges: 1 })
  // Out of turn it says nothing: those before it are asked for.
  const other = books([0, 0], 10_000n)
  other.hears(2, true)
  expect(other.view().n).toBe(0)
  // A receipt that comes after all is counted as each other one.
  it.counts(7)
  it.hears(7, true)
  expect(it.view()).toMatchObject({ n: 1_001, used: 300n, broken: false })
})

test('whatever was lost, in whatever order the rest came, all ends as the node counts', () => {
  const step = fc.tuple(fc.nat(11), fc.constantFrom('counts', 'hears', 'not yet'))
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 12 }),
      fc.array(step, { maxLength: 40 }),
      (costs, steps) => {
        const sum = costs.reduce((all, it) => all + it, 0)
        const it = books(costs, BigInt(sum))
        for (const [at, what] of steps) {
          const n = (at % costs.length) + 1
          if (what === 'counts') it.counts(n)
          else it.hears(n, what === 'hears')
          expect(it.view().used <= it.total).toBe(true)
        }
        it.syncs()
        expect(it.view()).toMatchObject({ used: it.total, broken: false, n: costs.length })
      },
    ),
    { seed: 7, numRuns: 500 },
  )
})
