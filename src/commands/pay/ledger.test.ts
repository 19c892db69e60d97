import { expect, test } from 'bun:test'
import { msat } from '../../engine/base/money.ts'
import { memoryStore } from '../../engine/storage/memory.ts'
import { viewOf } from '../../engine/storage/money.case.ts'
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
