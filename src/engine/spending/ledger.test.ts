import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../base/clock.ts'
import { MAX_MSAT, msat } from '../base/money.ts'
import type { SignedStatement } from '../metering/tab-rows.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import { type Known, checkStatement } from './ledger-check.ts'
import {
  type Charge,
  MOST_SESSIONS,
  type TabView,
  charged,
  forgotten,
  leftOn,
  openView,
  owedOn,
  paidInto,
} from './ledger.ts'

const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
const now = unixMs(1_700_000_000_000)
const [NODE, KEY] = [hex<PubKey>(1), hex<PubKey>(2)]
const receipt = (n: number, cost: bigint, disputed = false, ceiling = 1_000n) => ({
  id: hex<EventId>(n),
  job: hex<JobId>(100 + n),
  cost: msat(cost),
  ceiling: msat(ceiling),
  disputed,
})
/** Paid 10 sat; receipts 1 to 3 cost 100, 200 and 300 msat. */
const used = (): TabView => {
  let view = paidInto(openView(NODE, KEY, now), { ref: KEY, msat: msat(10_000n), seq: 1 }, now)
  for (const n of [1, 2, 3]) view = charged(view, receipt(n, BigInt(n) * 100n), now).view
  return view
}
const statement = (n: number, over: Partial<SignedStatement> = {}): SignedStatement => ({
  id: hex<EventId>(500 + n),
  node: NODE,
  key: KEY,
  n,
  paid: msat(10_000n),
  used: msat(BigInt([0, 100, 300, 600][n] ?? 0)),
  reserved: msat(0n),
  receipt: hex<EventId>(n),
  cost: msat(BigInt(n) * 100n),
  text: '',
  at: unixMs(now + 1000),
  ...over,
})
const check = (said: SignedStatement, over: Partial<Known> = {}, view = used()) => {
  const cost = msat(BigInt(Number(`0x${said.receipt}`)) * 100n)
  const charge = { receipt: said.receipt, cost, stated: null } as Charge
  return checkStatement(view, said, { charge, near: [], out: 0n, ...over }, now)
}
const bad = ({ findings }: ReturnType<typeof check>): string[] =>
  findings.filter((it) => !it.ok).map((it) => it.check)

test('what was paid and what receipts cost, to the msat; a dispute moves no money', () => {
  const view = charged(used(), receipt(4, 400n, true), now).view
  expect(view).toMatchObject({ paid: 10_000n, used: 1_000n, disputed: 0n, seq: 1 })
  expect(leftOn(view)).toBe(9_000n)
  expect(leftOn(charged(openView(NODE, KEY, now), receipt(1, 5n), now).view)).toBe(-5n)
  expect(charged(used(), receipt(4, 1n), now).changes.map((it) => [it.do, it.table])).toEqual([
    ['put', 'views'],
    ['add', 'charges'],
  ])
})

describe('a receipt over the ceiling of its job', () => {
  test('counts up to that, as disputed, and breaks the tab', () => {
    const { view, changes } = charged(used(), receipt(4, 1_001n), now)
    expect(view).toMatchObject({ used: 1_600n, disputed: 0n, broken: true })
    // What it says is kept.
    expect(changes.find((it) => it.table === 'charges')?.row).toMatchObject({ cost: 1_001n })
    expect(charged(used(), receipt(4, 1_000n), now).view).toMatchObject({ broken: false })
  })

  test('of any cost breaks no ledger', () => {
    let view = used()
    for (const n of [4, 5]) view = charged(view, receipt(n, MAX_MSAT, true, MAX_MSAT), now).view
    expect(view).toMatchObject({ used: MAX_MSAT, disputed: msat(MAX_MSAT - 10_000n) })
  })
})

test('of the views of sessions a thousand are kept, those of the last day, and what is broken', () => {
  const day = 86_400_000
  const session = { ...used(), session: true }
  const old = { ...session, at: unixMs(now - 1) }
  const newer = Array.from({ length: MOST_SESSIONS }, () => session)
  const views = [used(), old, ...newer, { ...old, broken: true }]
  expect(forgotten(views, unixMs(now + day - 1))).toEqual([])
  expect(forgotten(views, unixMs(now + day))).toEqual([{ do: 'drop', table: 'views', row: old }])
  expect(forgotten(views.slice(0, -2), unixMs(now + 9 * day))).toEqual([])
  expect(openView(NODE, KEY, now).session).toBe(false)
})

test('what is owed is what was agreed to and what was disputed; no msat of that is lost or counted twice', () => {
  expect(owedOn(-500n, 0n)).toEqual({ agreed: 500n, disputed: 0n })
  expect(owedOn(-500n, 200n)).toEqual({ agreed: 300n, disputed: 200n })
  // What was paid ahead was taken first.
  expect(owedOn(-500n, 900n)).toEqual({ agreed: 0n, disputed: 500n })
  expect(owedOn(500n, 900n)).toEqual({ agreed: 0n, disputed: 0n })
  const sum = fc.bigInt({ min: 0n, max: 1_000_000n })
  fc.assert(
    fc.property(sum, sum, sum, (paid, agreed, disputed) => {
      const owed = owedOn(paid - agreed - disputed, disputed)
      const more = agreed + disputed - paid
      expect(owed.agreed + owed.disputed).toBe(more > 0n ? more : 0n)
      // With it no more is paid than was agreed to, but for what was paid ahead.
      expect(owed.agreed === 0n || paid + owed.agreed <= agreed).toBe(true)
    }),
  )
})

describe('a disputed receipt', () => {
  const paid = (view: TabView, amount: bigint, seq: number) =>
    paidInto(view, { ref: KEY, msat: msat(amount), seq }, now)
  const costs = (view: TabView, n: number, cost: bigint, disputed = false) =>
    charged(view, receipt(n, cost, disputed, 20_000n), now).view
  const owed = (view: TabView) => owedOn(leftOn(view), view.disputed)

  test('that was paid ahead is no part of what is owed later', () => {
    const view = costs(costs(used(), 4, 400n, true), 5, 12_000n)
    expect(owed(view)).toEqual({ agreed: 3_000n, disputed: 0n })
  })

  test('that was paid ahead in part: the rest is owed, and stays so while only what was agreed to is paid', () => {
    let view = costs(used(), 4, 9_900n, true)
    expect(owed(view)).toEqual({ agreed: 0n, disputed: 500n })
    view = costs(view, 5, 2_000n)
    expect(owed(view)).toEqual({ agreed: 2_000n, disputed: 500n })
    expect(owed(paid(view, 2_000n, 2))).toEqual({ agreed: 0n, disputed: 500n })
  })

  test('that a payment on its way has covered since is none either; nor by an older ledger, which counted all', () => {
    const view = paid(costs(used(), 4, 10_000n, true), 2_000n, 2)
    expect(view.disputed).toBe(msat(0n))
    expect(owed(costs(view, 5, 2_400n))).toEqual({ agreed: 1_000n, disputed: 0n })
    const older = { ...used(), disputed: msat(600n) }
    expect(owed(costs(older, 5, 10_400n))).toEqual({ agreed: 1_000n, disputed: 0n })
  })
})

test('a statement that agrees is kept, and moves the number on', () => {
  const checked = check(statement(3), { near: [statement(2)] }, { ...used(), n: 2 })
  expect(bad(checked)).toEqual([])
  expect(checked.findings.map((it) => it.check)).toEqual([
    'statement.once',
    'statement.chain',
    'statement.cost',
    'statement.twice',
    'statement.used',
    'statement.paid',
    'statement.reserved',
  ])
  expect(checked.changes.map((it) => it.table)).toEqual(['views', 'statements', 'charges'])
  expect(checked.view).toMatchObject({ n: 3, broken: false })
  expect(bad(check(statement(1), { near: [statement(2)] }, checked.view))).toEqual([])
})

test('the same statement again says nothing new', () => {
  const near = [statement(1), statement(2)]
  const first = check(statement(2), { near })
  expect([bad(first), first.view.n]).toEqual([[], 2])
  const again = check(statement(2), { near }, first.view)
  expect([again.findings, again.changes]).toEqual([[], []])
})

describe('what the node can be shown to lie about is kept as evidence, and breaks the tab', () => {
  test.each([
    [
      'another with its number',
      statement(2, { id: hex(9), paid: msat(9_999n) }),
      [statement(2)],
      'statement.once',
    ],
    [
      'used more than its cost adds',
      statement(2, { used: msat(301n) }),
      [statement(1)],
      'statement.chain',
    ],
    [
      'used less than the one after it',
      statement(2, { used: msat(299n) }),
      [statement(3)],
      'statement.chain',
    ],
    [
      'paid less than before',
      statement(2, { paid: msat(9_999n) }),
      [statement(1)],
      'statement.chain',
    ],
    [
      'a cost that its receipt does not have',
      statement(3, { cost: msat(299n) }),
      [],
      'statement.cost',
    ],
    ['less used than it costs', statement(3, { used: msat(299n) }), [], 'statement.cost'],
    ['more used than cost at the first', statement(1, { used: msat(101n) }), [], 'statement.cost'],
  ])('%s', (_, said, near, lie) => {
    const checked = check(said, { near })
    expect(bad(checked)).toContain(lie)
    expect(checked.view.broken).toBe(true)
    expect(checked.changes).toContainEqual({ do: 'put', table: 'statements', row: said })
    // A tab that is broken is not filled with more of them.
    expect(check(statement(3, { id: hex(77) }), {}, checked.view).changes).toEqual([])
  })
})

describe('what may be honest is said, and breaks nothing', () => {
  test('a receipt that is not here: it is not kept, so that nobody fills the disk', () => {
    const checked = check(statement(3), { charge: null })
    expect([bad(checked), checked.changes]).toEqual([['statement.receipt'], []])
  })

  test('more used than our receipts come to, where some are missing', () => {
    const checked = check(statement(3, { used: msat(700n), n: 4 }))
    expect([bad(checked), checked.view.broken]).toEqual([['statement.used'], false])
  })

  test('less paid than we paid, a minute after it settled; not before', () => {
    const paid = msat(0n)
    expect(bad(check(statement(3, { paid, at: unixMs(now + 60_000) })))).toEqual([])
    expect(bad(check(statement(3, { paid, at: unixMs(now + 60_001) })))).toEqual(['statement.paid'])
  })

  test('more paid than our wallet says: one that is out may have settled', () => {
    const paid = msat(15_000n)
    expect(bad(check(statement(3, { paid }), { out: 5_000n }))).toEqual([])
    expect(bad(check(statement(3, { paid }), { out: 4_999n }))).toEqual(['statement.paid'])
  })
})
