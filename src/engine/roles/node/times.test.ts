// The clock of a node that takes money is set: what is kept by the time is kept for as long as before.
import { expect, test } from 'bun:test'
import { type UnixMs, unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { holdSlot, mayTake } from '../../metering/invoice-book-slots.ts'
import { lapse, release, reserve } from '../../metering/tab.ts'
import type { Tab } from '../../metering/tab-rows.ts'
import { eventId, jobId, pubKey } from '../../protocol/ids.ts'
import { memoryStore } from '../../storage/memory.ts'
import { DUE_MS, type Till, openTill } from './till.ts'
import { shiftTimes } from './times.ts'

const DAY = 86_400_000
const MINUTE = 60_000
const now = unixMs(1_800_000_000_000)
const after = (ms: number) => unixMs(now + ms)
const [NODE, KEY, OTHER] = ['01', '02', '03'].map((it) => pubKey(it.repeat(32))) as [
  ReturnType<typeof pubKey>,
  ReturnType<typeof pubKey>,
  ReturnType<typeof pubKey>,
]
const [JOB, TICKET] = [jobId('04'.repeat(32)), eventId('05'.repeat(32))]

const owing = (due: UnixMs | null): Tab => ({
  node: NODE,
  key: KEY,
  paid: msat(100_000n),
  used: msat(105_000n),
  reserved: msat(0n),
  credit: msat(10_000n),
  seq: 1,
  n: 1,
  due,
  defaulted: false,
  at: now,
})

const tillWith = async (tab: Tab, at: UnixMs = now): Promise<Till> => {
  const { money } = memoryStore()
  await money.write([{ do: 'put', table: 'tabs', row: tab }])
  const pay = { payees: [], bind: 'hash', granularity: msat(1n), keeps_days: 90 } as const
  const credit = { each: msat(0n), all: msat(0n) }
  const verifier = { verify: () => true }
  const options = { node: NODE, pay: { ...pay, payees: [] }, canHold: false, credit, verifier }
  return openTill(money, options, at).till
}
const shift = (till: Till, by: number) => shiftTimes({ jobs: new Map(), till }, by)

for (const by of [-DAY, DAY]) {
  const later = (ms: number) => after(by + ms)

  test(`a ticket is held for 60 s, and for as long again, where it is set by ${by} ms`, async () => {
    const { held, ...till } = await tillWith(owing(null))
    expect(holdSlot(held, TICKET, KEY, 1, now)).not.toBeNull()
    shift({ held, ...till }, by)
    expect(mayTake(held, TICKET, OTHER, later(MINUTE - 1))).toBe(false)
    expect(mayTake(held, TICKET, OTHER, later(MINUTE))).toBe(true)
    const other = eventId('06'.repeat(32))
    expect(holdSlot(held, other, OTHER, 1, later(2 * MINUTE - 1))).toBeNull()
    expect(holdSlot(held, other, OTHER, 1, later(2 * MINUTE))).not.toBeNull()
  })

  test(`a debt lapses when it was to, where it is set by ${by} ms`, async () => {
    const till = await tillWith(owing(after(DUE_MS)))
    shift(till, by)
    expect(lapse(till.tabs, KEY, later(DUE_MS - 1))).toEqual([])
    expect(lapse(till.tabs, KEY, later(DUE_MS))).toHaveLength(1)
  })
}

test('a draw that ended is not taken again, where it is set by a day', async () => {
  const till = await tillWith({ ...owing(null), paid: msat(900_000n) })
  const place = { job: JOB, ticket: TICKET }
  const wish = { id: TICKET, key: KEY, ...place, ceiling: msat(1n), timing: 'before', text: '' }
  reserve(till.tabs, wish as never, now)
  release(till.tabs, place, now)
  shift(till, DAY)
  expect(reserve(till.tabs, wish as never, after(DAY))).toMatchObject({ refused: 'used' })
})

test('a debt of an earlier process: a minute at least, and no longer than one of now', async () => {
  const dueFrom = async (due: UnixMs) => (await tillWith(owing(due))).tabs.tabs.get(KEY)!.due
  // Whether it was paid while the node was away is heard first.
  expect(await dueFrom(after(-DAY))).toBe(after(MINUTE))
  expect(await dueFrom(after(5 * MINUTE))).toBe(after(5 * MINUTE))
  // The clock was set back while it was away.
  expect(await dueFrom(after(DAY))).toBe(after(DUE_MS))
})
