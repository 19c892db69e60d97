// What processes of one user say to each other of their jobs: whatever happens between them, nothing of it stays.
import { expect, test } from 'bun:test'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import type { Draw } from '../../metering/tab-rows.ts'
import type { EventId, JobId } from '../../protocol/ids.ts'
import { NODE, hex } from '../../spending/journal.case.ts'
import { moneyElsewhere } from '../../storage/faults.ts'
import { memoryStore } from '../../storage/memory.ts'
import type { MoneyStore } from '../../storage/money-store.ts'
import { DRAW_LASTS_MS } from './purse-draws.ts'
import { scene } from './purse.case.ts'

const rowOf = (it: ReturnType<typeof scene>, n: number, lastsMs = DRAW_LASTS_MS): Draw => ({
  id: hex(n) as EventId,
  node: NODE,
  key: it.purse.tab(NODE).pubkey,
  job: hex(100 + n) as JobId,
  ticket: hex(200 + n) as EventId,
  ceiling: msat(5_000n),
  timing: 'before',
  reserved: msat(5_000n),
  state: 'reserved',
  cost: msat(0n),
  receipt: null,
  text: '',
  at: unixMs(it.clock.now() + lastsMs),
})

test('a job that ended is dropped, also where another process of ours wrote in the same moment', async () => {
  const shared = memoryStore().money
  let elsewhere = 0
  const write: MoneyStore['write'] = async (changes) => {
    if (changes.some(({ table }) => table === 'charges') && elsewhere-- > 0) throw moneyElsewhere()
    return shared.write(changes)
  }
  const it = scene({}, { write }, shared)
  const other = scene({}, {}, shared)
  const row = rowOf(it, 1)
  await it.purse.draw(row)
  expect([it, other].map(({ purse }) => purse.drawnByOthers(NODE))).toEqual([0n, 5_000n])
  elsewhere = 1
  const receipt = {
    id: hex(300) as EventId,
    job: row.job,
    cost: msat(1_000n),
    ceiling: row.ceiling,
    disputed: false,
  }
  await it.purse.charge(NODE, receipt)
  expect(shared.charge(receipt.id)).not.toBeNull()
  expect(shared.openDraws(NODE)).toEqual([])
  expect([it, other].map(({ purse }) => purse.drawnByOthers(NODE))).toEqual([0n, 0n])
})

test('one that was killed before the clock was set back counts no longer than without', async () => {
  const shared = memoryStore().money
  const killed = scene({}, {}, shared)
  const it = scene({}, {}, shared)
  // Said an hour ahead: since then the clock was set back by one.
  await killed.purse.draw(rowOf(killed, 1, 3_600_000))
  expect(it.purse.drawnByOthers(NODE)).toBe(0n)
  await it.purse.draw(rowOf(it, 2))
  expect(shared.openDraws(NODE).map(({ id }) => id)).toEqual([hex(2)])
})
