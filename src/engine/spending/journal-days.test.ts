// What a day may cost, by a clock that somebody sets: no day is allowed a second time.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type UnixMs, unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { type Journal, decide, openJournal, spentToday } from './journal.ts'
import { countsOn, dayBegan, dayOf } from './journal-news.ts'
import type { Entry, JournalDecision } from './journal-rows.ts'
import { DAY, FREE, WALLET, after, fresh, hear, noon, said, want } from './journal.case.ts'

const BUDGET = msat(1_000_000n)
const caps = { ...FREE, budget: BUDGET }
const paid = { state: 'settled', preimage: null, fee: msat(0n) } as const

/** Wants to pay so much at a time; the invoice is good for two minutes then. */
const spend = (journal: Journal, n: number, amount: bigint, at: UnixMs = noon): JournalDecision => {
  const expiresAt = unixMs(at + 120_000)
  return want(journal, n, { caps, msat: msat(amount), maxFee: msat(0n), expiresAt }, at)
}

test('a clock that is a day ahead for a moment, while a payment settles, allows no second budget', () => {
  const journal = fresh()
  expect(said(spend(journal, 1, 900_000n))).toEqual(['pay 1'])
  hear(journal, 1, paid)
  expect(said(spend(journal, 2, 900_000n))).toEqual(['refuse budget.exceeded'])
  const ahead = after(DAY)
  expect(said(spend(journal, 3, 1_000n, ahead))).toEqual(['pay 3'])
  hear(journal, 3, paid, ahead)
  expect(said(spend(journal, 4, 900_000n, after(1_000)))).toEqual(['refuse budget.exceeded'])
  expect(spentToday(journal, after(1_000))).toBe(901_000n)
})

test('what was spent by a clock that ran ahead counts today as well, and on its own day', () => {
  for (const end of [paid, { state: 'unknown' } as const]) {
    const journal = fresh()
    const ahead = after(DAY)
    spend(journal, 1, 900_000n, ahead)
    hear(journal, 1, end, ahead)
    expect(said(spend(journal, 2, 900_000n))).toEqual(['refuse budget.exceeded'])
    expect(said(spend(journal, 2, 100_000n))).toEqual(['pay 2'])
    expect(spentToday(journal, ahead)).toBe(900_000n)
    expect(spentToday(journal, after(2 * DAY))).toBe(0n)
  }
})

test('what was spent by a clock a year ahead takes nothing of the days of that year but the last two', () => {
  const left = [1, 100, 363].map((days) => [days, 0n] as const)
  for (const end of [paid, { state: 'unknown' } as const]) {
    const rows = new Map<string, Entry>()
    const note = ({ changes }: JournalDecision) => {
      for (const { row } of changes) rows.set(row.hash, row)
    }
    const ran = fresh()
    note(spend(ran, 1, 900_000n, after(365 * DAY)))
    note(hear(ran, 1, end, after(365 * DAY)))
    for (const [days, sum] of [...left, [364, 900_000n], [365, 900_000n], [366, 0n]] as const) {
      const now = after(days * DAY)
      expect({
        days,
        sum: spentToday(openJournal([...rows.values()], [], now, WALLET), now),
      }).toEqual({ days, sum })
    }
  }
})

test('one that was written by a clock that ran ahead, and is wanted again, is counted once', () => {
  const before = fresh()
  const { changes } = spend(before, 1, 600_000n, after(DAY))
  const journal = openJournal([changes[0]!.row], [], noon, WALLET)
  const expiresAt = changes[0]!.row.expiresAt
  want(journal, 1, { caps, msat: msat(600_000n), maxFee: msat(0n), expiresAt }, noon)
  const absent = { type: 'absent', hash: changes[0]!.row.hash, maySend: true } as const
  expect(said(decide(journal, absent, noon))).toEqual(['pay 1'])
})

const step = fc.oneof(
  fc.record({ do: fc.constant('spend' as const), amount: fc.integer({ min: 1, max: 1_000 }) }),
  fc.record({ do: fc.constant('set' as const), by: fc.constantFrom(-3, -1, -0.5, 0.5, 1, 3) }),
  fc.record({ do: fc.constant('restart' as const) }),
)

test('however the clock is set, no day comes to more than the budget, and none is forgotten by a restart', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const rows = new Map<string, Entry>()
      const read = (now: UnixMs) => {
        const entries = [...rows.values()].filter((it) => !it.final || it.at >= dayBegan(now))
        return openJournal(entries, [], now, WALLET)
      }
      const note = ({ changes }: JournalDecision) => {
        for (const { row } of changes) rows.set(row.hash, row)
        return changes.length > 0
      }
      let now: UnixMs = noon
      let journal = read(now)
      for (const [n, it] of steps.entries())
        if (it.do === 'set') now = unixMs(now + it.by * DAY)
        else if (it.do === 'restart') journal = read(now)
        else {
          // As the purse does.
          if (dayOf(now) < journal.since) journal = read(now)
          const amount = BigInt(it.amount) * 1_000n
          const isPaid = note(spend(journal, n + 1, amount, now))
          note(hear(journal, n + 1, paid, now))
          const from = [...rows.values()].filter((row) => countsOn(dayOf(row.at), now))
          const sum = from.reduce((all, row) => all + row.msat, 0n)
          expect(spentToday(journal, now)).toBe(sum)
          expect(sum <= BUDGET || !isPaid).toBe(true)
          // Nothing was refused that would have fitted.
          expect(isPaid || sum + amount > BUDGET).toBe(true)
        }
      const days = Map.groupBy(rows.values(), ({ at }) => dayOf(at))
      for (const of of days.values())
        expect(of.reduce((all, row) => all + row.msat, 0n) <= BUDGET).toBe(true)
    }),
    { seed: 11, numRuns: 300 },
  )
})
