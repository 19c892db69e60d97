import { expect, test } from 'bun:test'
import { unixMs } from '../../engine/base/clock.ts'
import { msat } from '../../engine/base/money.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import { memoryStore } from '../../engine/storage/memory.ts'
import { hex, viewOf } from '../../engine/storage/money.case.ts'
import { standingOf } from './ledger.ts'

const blank = { paid: msat(0n), used: msat(0n), n: 0, paidAt: null, broken: false }

test('a tab that nothing was paid into and nothing used of is none, unless it shows who lied', async () => {
  for (const [over, tabs] of [
    [{}, 0],
    [{ broken: true }, 1],
    [{ n: 1 }, 1],
    [{ paid: msat(1n) }, 1],
    [{ used: msat(1n) }, 1],
  ] as const) {
    const { money } = memoryStore()
    await money.write([{ do: 'put', table: 'views', row: viewOf({ ...blank, ...over }) }])
    const found = standingOf(money)
    expect([found.tabs.length, found.past.length]).toEqual([tabs, 0])
  }
})

test('what lies at a node that gets nothing more is not called unused', async () => {
  const { money } = memoryStore()
  const left = { paid: msat(9_000n), used: msat(2_000n) }
  const rows = [
    viewOf(left),
    viewOf({ ...left, ref: hex<PubKey>(77), broken: true }),
    viewOf({ ...left, ref: hex<PubKey>(78), lostAt: unixMs(1) }),
  ]
  await money.write(rows.map((row) => ({ do: 'put', table: 'views', row })))
  expect(standingOf(money)).toMatchObject({ unused: 7_000n, tabs: [{}, {}, {}] })
})
