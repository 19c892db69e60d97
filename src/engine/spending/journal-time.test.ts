import { describe, expect, test } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { type Journal, decide, nextDue, openJournal, spentToday } from './journal.ts'
import type { Entry, JournalDecision, PaymentNews } from './journal-rows.ts'
import {
  DAY,
  FAILED,
  FREE,
  NOTHING,
  OTHER,
  SETTLED,
  WALLET,
  after,
  fresh,
  hear,
  noon,
  said,
  want,
} from './journal.case.ts'

describe('what is open is looked up', () => {
  /** Seconds after noon at which the wallet is asked, up to a time. */
  const lookups = (journal: Journal, until: number, answer: PaymentNews): number[] => {
    const at: number[] = []
    for (let due = nextDue(journal); due !== undefined && due <= until; due = nextDue(journal))
      for (const effect of decide(journal, { type: 'tick' }, due).effects)
        if (effect.do === 'lookup') {
          at.push((due - noon) / 1000)
          hear(journal, 1, answer, due)
        }
    return at
  }

  test('soon at first, then after as long as it has taken, ten minutes at most', () => {
    const journal = fresh()
    want(journal, 1)
    const at = lookups(journal, noon + 3 * 3_600_000, { state: 'unknown' })
    expect(at.slice(0, 5)).toEqual([2, 4, 8, 16, 32])
    expect(at.slice(-2)[1]! - at.slice(-2)[0]!).toBe(600)
  })

  test('one that failed three times within a day after nobody can pay it, and then never', () => {
    const journal = fresh()
    want(journal, 1)
    hear(journal, 1, FAILED)
    expect(lookups(journal, noon + DAY * 2, FAILED)).toEqual([720, 3_720, 86_520])
    expect([journal.open.size, nextDue(journal)]).toEqual([0, undefined])
    const rows = fresh()
    want(rows, 1)
    hear(rows, 1, FAILED)
    const again = openJournal([...rows.open.values()], [], after(900_000), WALLET)
    expect(said(decide(again, { type: 'tick' }, after(900_000)))).toEqual(['lookup 1'])
  })

  test('one that failed at a wallet that never says how it stands, for two days', () => {
    const journal = fresh()
    want(journal, 1)
    hear(journal, 1, FAILED)
    let last: JournalDecision = NOTHING
    for (let due = nextDue(journal); due !== undefined; due = nextDue(journal))
      last = decide(journal, { type: 'tick' }, due)
    expect(last).toMatchObject({
      changes: [{ row: { state: 'failed', final: true } }],
      effects: [],
    })
  })

  test('after a restart at any point it is asked for, and not paid', () => {
    for (const state of ['intent', 'inflight', 'unknown'] as const) {
      const journal = fresh()
      want(journal, 1)
      if (state !== 'intent') hear(journal, 1, { state })
      const again = openJournal([...journal.open.values()], [], after(60_000), WALLET)
      expect(said(decide(again, { type: 'tick' }, after(60_000)))).toEqual(['lookup 1'])
      expect(said(want(again, 7, { seq: 1 }))).toEqual(['refuse payment.open'])
      expect(spentToday(again, noon)).toBe(105_000n)
      expect(hear(again, 1, SETTLED).settled).toHaveLength(1)
    }
  })
})

describe('caps', () => {
  test('a day ends at midnight UTC; what is open counts for the day on which it was begun', () => {
    const journal = fresh()
    const caps = { ...FREE, budget: msat(210_000n) }
    for (const n of [1, 2]) expect(said(want(journal, n, { caps }))).toEqual([`pay ${n}`])
    expect(said(want(journal, 3, { caps }))).toEqual(['refuse budget.exceeded'])
    hear(journal, 1, SETTLED)
    expect(said(want(journal, 3, { caps, msat: msat(2_000n), maxFee: msat(1_000n) }))).toEqual([
      'pay 3',
    ])
    const midnight = unixMs(noon + DAY / 2)
    const expiresAt = unixMs(midnight + 60_000)
    expect(said(want(journal, 4, { caps, expiresAt }, unixMs(midnight - 1)))).toEqual([
      'refuse budget.exceeded',
    ])
    expect(said(want(journal, 4, { caps, expiresAt }, midnight))).toEqual(['pay 4'])
    // Settled today, begun yesterday.
    hear(journal, 2, SETTLED, midnight)
    expect(spentToday(journal, midnight)).toBe(105_000n)
  })

  test('today is the same sum after a restart', () => {
    const journal = fresh()
    const rows = new Map<string, Entry>()
    const note = ({ changes }: JournalDecision) =>
      changes.forEach(({ row }) => rows.set(row.hash, row))
    for (const n of [1, 2, 3]) note(want(journal, n))
    note(hear(journal, 1, SETTLED))
    note(hear(journal, 2, FAILED))
    const again = openJournal([...rows.values()], [], noon, WALLET)
    expect(spentToday(again, noon)).toBe(spentToday(journal, noon))
    expect(spentToday(again, noon)).toBe(102_000n + 105_000n)
    expect([...again.paid]).toEqual([...journal.paid])
  })

  test('what is unused at a node and what is on its way there stays within --max-exposure', () => {
    const journal = fresh()
    const caps = { ...FREE, exposure: msat(200_000n) }
    expect(said(want(journal, 1, { caps, left: 50_000n }))).toEqual(['pay 1'])
    hear(journal, 1, { state: 'unknown' })
    expect(said(want(journal, 2, { caps, left: 50_001n, msat: msat(50_000n) }))).toEqual([
      'refuse exposure.exceeded',
    ])
    expect(said(want(journal, 2, { caps, left: 50_000n, msat: msat(50_000n) }))).toEqual(['pay 2'])
    expect(said(want(journal, 3, { caps, payee: OTHER }))).toEqual(['pay 3'])
    expect(said(want(journal, 4, { caps, payee: null, msat: msat(900_000n) }))).toEqual(['pay 4'])
  })

  test('16 are on their way at most', () => {
    const journal = fresh()
    for (let n = 1; n <= 16; n++) want(journal, n)
    expect(said(want(journal, 17))).toEqual(['refuse payment.busy'])
    hear(journal, 5, FAILED)
    expect(said(want(journal, 17))).toEqual(['pay 17'])
  })
})
