import { describe, expect, test } from 'bun:test'
import { decide, openJournal, outTo, spentToday } from './journal.ts'
import {
  FAILED,
  NODE,
  NOTHING,
  OTHER,
  SETTLED,
  WALLET,
  after,
  fresh,
  hear,
  hex,
  noon,
  said,
  states,
  want,
} from './journal.case.ts'
import type { Entry } from './journal-rows.ts'

test('written before it is paid, paid once, settled, and counted with its fee', () => {
  const journal = fresh()
  const begun = want(journal, 1)
  expect(begun.changes).toMatchObject([{ do: 'add', table: 'payments', row: { state: 'intent' } }])
  expect(said(begun)).toEqual(['pay 1'])
  expect(spentToday(journal, noon)).toBe(105_000n)
  const settled = hear(journal, 1, SETTLED)
  expect(settled.changes).toMatchObject([{ do: 'put', row: { state: 'settled', final: true } }])
  expect(settled.settled).toMatchObject([{ seq: 1, msat: 100_000n, fee: 2_000n, late: false }])
  expect(said(settled)).toEqual(['tell settled'])
  expect([spentToday(journal, noon), outTo(journal, NODE)]).toEqual([102_000n, 0n])
  expect(hear(journal, 1, SETTLED)).toEqual(NOTHING)
})

describe('attack 15, a timeout and then a second payment', () => {
  test.each(['intent', 'inflight', 'unknown'] as const)(
    'while one is %s, no other invoice is paid in its place',
    (state) => {
      const journal = fresh()
      want(journal, 1)
      if (state !== 'intent') hear(journal, 1, { state })
      expect(states(journal)).toEqual([state])
      const other = want(journal, 7, { seq: 1 })
      expect(said(other)).toEqual(['refuse payment.open'])
      expect(other.effects).toMatchObject([
        { fault: { hint: 'do not pay again; run: fedai pay resolve' } },
      ])
      const expiresAt = after(9_000_000)
      expect(said(want(journal, 7, { seq: 1, expiresAt }, after(600_000)))).toEqual([
        'refuse payment.open',
      ])
      expect(said(want(journal, 8, { seq: 2 }))).toEqual(['pay 8'])
      expect(said(want(journal, 9, { seq: 1, payee: OTHER }))).toEqual(['pay 9'])
      expect(said(want(journal, 10, { seq: 1, ref: 'job' }))).toEqual(['pay 10'])
    },
  )

  test('after it failed another may be paid, once nobody can pay the first any more', () => {
    const journal = fresh()
    want(journal, 1)
    hear(journal, 1, FAILED)
    expect(said(want(journal, 7, { seq: 1 }, after(119_999)))).toEqual(['refuse payment.open'])
    const expiresAt = after(240_000)
    expect(said(want(journal, 7, { seq: 1, expiresAt }, after(120_000)))).toEqual(['pay 7'])
  })

  test('what settled is not paid again, in this process or a later one', () => {
    const journal = fresh()
    want(journal, 3)
    hear(journal, 3, SETTLED)
    for (const seq of [1, 2, 3])
      expect(said(want(journal, 7, { seq }))).toEqual(['refuse payment.repeated'])
    const view = { payee: NODE, ref: 'tab', seq: 3 }
    expect(said(want(openJournal([], [view], noon, WALLET), 7, { seq: 3 }))).toEqual([
      'refuse payment.repeated',
    ])
    expect(said(want(journal, 7, { seq: 4 }))).toEqual(['pay 7'])
  })

  test('nor where ten thousand keys of sessions have paid since, job by job', () => {
    const tab = { payee: NODE, ref: 'tab', seq: 3 }
    const sessions = Array.from({ length: 10_001 }, (_, i) => ({ ...tab, ref: `${i}`, seq: 0 }))
    const journal = openJournal([], [tab, ...sessions], noon, WALLET)
    expect(said(want(journal, 7, { seq: 3 }))).toEqual(['refuse payment.repeated'])
  })
})

test.each(['intent', 'inflight', 'unknown', 'failed', 'settled'] as const)(
  'attack 16: an invoice that is in the journal as %s is not paid again',
  (state) => {
    const journal = fresh()
    const begun = want(journal, 1).changes[0]!.row
    if (state === 'settled') hear(journal, 1, SETTLED)
    else if (state === 'failed') hear(journal, 1, FAILED)
    else if (state !== 'intent') hear(journal, 1, { state })
    expect(said(want(journal, 1))[0]).toStartWith('refuse payment.')
    const asked = { ref: 'job', seq: 99 }
    expect(said(want(journal, 1, { ...asked, known: begun }))).toEqual([
      state === 'settled' ? 'refuse payment.reused' : 'refuse payment.open',
    ])
  },
)

describe('attack 16: a hash that only the ledger knows, of a day long gone', () => {
  const ended = (state: 'settled' | 'failed'): Entry => {
    const journal = fresh()
    want(journal, 1)
    const news = state === 'settled' ? SETTLED : FAILED
    return { ...hear(journal, 1, news).changes[0]!.row, final: true }
  }

  test.each(['settled', 'failed'] as const)('%s: nothing is begun, and nothing counts', (state) => {
    const journal = fresh()
    const known = ended(state)
    const other = want(journal, 1, { seq: 2, known })
    expect([said(other), other.changes]).toEqual([['refuse payment.reused'], []])
    expect(said(want(journal, 1, { ref: 'job', known }))).toEqual(['refuse payment.reused'])
    expect([states(journal), spentToday(journal, noon), outTo(journal, NODE)]).toEqual([[], 0n, 0n])
  })

  test('the same invoice was paid before, or never will be', () => {
    expect(said(want(fresh(), 1, { known: ended('settled') }))).toEqual(['refuse payment.repeated'])
    expect(said(want(fresh(), 1, { known: ended('failed') }))).toEqual(['refuse payment.reused'])
  })
})

test('attack 14: an invoice that ends within 15 s is not paid', () => {
  const late = (ms: number) => said(want(fresh(), 1, { expiresAt: after(ms) }))
  expect([late(-1), late(14_999), late(15_000)]).toEqual([
    ['refuse payment.expired'],
    ['refuse payment.expired'],
    ['pay 1'],
  ])
})

describe('a wallet that stumbles', () => {
  test('says failed, and then it settles: the money is counted, and noted', () => {
    const journal = fresh()
    want(journal, 1)
    expect(said(hear(journal, 1, FAILED))).toEqual(['tell failed'])
    expect(spentToday(journal, noon)).toBe(0n)
    const late = hear(journal, 1, SETTLED, after(5_000))
    expect(late.settled).toMatchObject([{ late: true, reason: null, state: 'settled' }])
    expect(spentToday(journal, after(5_000))).toBe(102_000n)
  })

  test('says failed, and then in flight: it counts again, and is asked about', () => {
    const journal = fresh()
    want(journal, 1)
    hear(journal, 1, FAILED)
    expect(said(hear(journal, 1, { state: 'inflight' }))).toEqual(['tell inflight'])
    expect(spentToday(journal, noon)).toBe(105_000n)
    expect(said(decide(journal, { type: 'tick' }, after(2_000)))).toEqual(['lookup 1'])
    expect(hear(journal, 1, SETTLED).settled).toMatchObject([{ late: true }])
  })

  test('knows of no such payment: that proves nothing until a minute after its end', () => {
    const journal = fresh()
    want(journal, 1)
    const absent = (ms: number) =>
      said(decide(journal, { type: 'absent', hash: hex(1) }, after(ms)))
    expect([absent(1_000), absent(179_999)]).toEqual([[], []])
    expect(states(journal)).toEqual(['intent'])
    expect(absent(180_000)).toEqual(['tell failed'])
    expect([...journal.open.values()]).toMatchObject([{ reason: 'unsent', final: false }])
  })

  test('says for sure that nothing was sent', () => {
    const journal = fresh()
    want(journal, 1)
    const unsent = decide(journal, { type: 'unsent', hash: hex(1), reason: 'no_balance' }, noon)
    expect(unsent.changes).toMatchObject([{ row: { state: 'failed', reason: 'no_balance' } }])
  })

  test('gives no preimage and no fee: settled all the same, counted with the fee that was allowed', () => {
    const journal = fresh()
    want(journal, 1)
    const settled = hear(journal, 1, { state: 'settled', preimage: null, fee: null })
    expect(settled.settled).toMatchObject([{ preimage: null, fee: null }])
    expect(spentToday(journal, noon)).toBe(105_000n)
  })

  test('says the same again: nothing is written twice', () => {
    const journal = fresh()
    want(journal, 1)
    expect(hear(journal, 1, { state: 'unknown' }).changes).toHaveLength(1)
    expect(hear(journal, 1, { state: 'unknown' })).toEqual(NOTHING)
    expect(hear(journal, 2, SETTLED)).toEqual(NOTHING)
  })
})
