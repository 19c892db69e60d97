import { describe, expect, test } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { type Book, decide, nextDue, openBook } from './invoice-book.ts'
import type { BookDecision, SaidState } from './invoice-book-rows.ts'
import {
  KEY,
  LIFE_MS,
  NODE,
  NOTHING,
  fresh,
  fund,
  hex,
  issue,
  say,
  start,
  told,
} from './invoice-book.case.ts'

test('asked for, issued, on the disk before it is given, settled, credited and said', () => {
  const book = fresh()
  const asked = fund(book)
  expect([told(asked), asked.changes]).toEqual([['create 1'], []])
  const issued = issue(book, asked, 7)
  expect(issued.changes).toMatchObject([{ do: 'add', row: { hash: hex(7), state: 'issued' } }])
  expect(told(issued)).toEqual(['tell issued 7'])
  const settled = say(book, 7, 'settled')
  expect(settled.settled).toMatchObject([{ payer: KEY, seq: 1, received: 10_000n }])
  expect(settled.changes).toMatchObject([{ do: 'put', row: { state: 'settled' } }])
  expect(told(settled)).toEqual(['tell settled 7'])
  expect(told(fund(book, { settled: 1 }))).toEqual(['create 2'])
})

test('attack 13: asked again there is one invoice, the same, whatever amount is asked for', () => {
  const book = fresh()
  const asked = fund(book)
  expect(fund(book, { msat: msat(99_000n) })).toEqual(NOTHING)
  issue(book, asked, 7)
  const again = fund(book, { msat: msat(99_000n) })
  expect([told(again), again.changes]).toEqual([['tell issued 7'], []])
  expect(again.effects).toMatchObject([{ invoice: { msat: 10_000n } }])
})

test('attack 6: settled is said once, however often the wallet says it', () => {
  const book = fresh()
  issue(book, fund(book), 7)
  expect(say(book, 7, 'settled').settled).toHaveLength(1)
  for (const state of ['settled', 'settled', 'open', 'canceled', 'unknown'] as const)
    expect(say(book, 7, state)).toEqual(NOTHING)
})

test('attack 6: a wallet that gives a hash twice gets no second invoice for it', () => {
  const book = fresh()
  issue(book, fund(book), 7)
  const other = issue(book, fund(book, { ref: 'job' }), 7)
  expect([told(other), other.changes]).toEqual([['refuse wallet'], []])
  say(book, 7, 'canceled')
  expect(told(issue(book, fund(book), 7))).toEqual(['refuse wallet'])
})

test('attack 6: one whose hash the ledger knows was never issued: its payer may ask for another', () => {
  const book = fresh()
  issue(book, fund(book), 7)
  const unwritten = () => decide(book, { type: 'unwritten', hash: hex(7) }, start)
  expect([told(unwritten()), book.invoices.size, nextDue(book)]).toEqual([
    ['refuse wallet'],
    0,
    undefined,
  ])
  expect([unwritten(), say(book, 7, 'settled')]).toEqual([NOTHING, NOTHING])
  expect(told(issue(book, fund(book), 8))).toEqual(['tell issued 8'])
})

test('nobody but the wallet settles anything: what it does not know, or only announces, is not paid', () => {
  const book = fresh()
  issue(book, fund(book), 7)
  expect(say(book, 8, 'settled')).toEqual(NOTHING)
  for (const state of ['open', 'unknown', 'accepted'] as const)
    expect(say(book, 7, state)).toEqual(NOTHING)
  expect(told(fund(book))).toEqual(['tell issued 7'])
})

test('less than was asked is not settled; more is credited, twice the amount at most', () => {
  const book = fresh()
  for (const [n, received, credited] of [
    [1, 9_999n, null],
    [2, 15_000n, 15_000n],
    [3, 20_000n, 20_000n],
    [4, 10_000_000n, 20_000n],
  ] as const) {
    issue(book, fund(book, { ref: `job ${n}` }), n)
    const decision = say(book, n, 'settled', received)
    expect(decision.settled.map((it) => it.received)).toEqual(credited ? [msat(credited)] : [])
    if (!credited) expect(decision.effects).toMatchObject([{ do: 'warn', why: 'short' }])
  }
})

describe('attack 14, the race with its end', () => {
  test('an invoice whose end is not known is given on, and only the wallet says that it cannot be paid', () => {
    const book = fresh()
    issue(book, fund(book), 7)
    const late = unixMs(start + LIFE_MS + 5_000)
    expect(told(fund(book, {}, late))).toEqual(['tell issued 7'])
    expect(say(book, 7, 'unknown', null, late)).toEqual(NOTHING)
    expect(told(say(book, 7, 'canceled', null, late))).toEqual(['tell canceled 7'])
    expect(told(fund(book, {}, late))).toEqual(['create 1'])
  })

  test('paid in the last moment, or after it was called cancelled, it is credited all the same', () => {
    const book = fresh()
    issue(book, fund(book), 7)
    say(book, 7, 'canceled')
    issue(book, fund(book), 8)
    const late = say(book, 7, 'settled', null, unixMs(start + 23 * 3_600_000))
    expect(late.settled).toMatchObject([{ hash: hex(7), received: 10_000n }])
    expect(told(say(book, 7, 'settled'))).toEqual([])
    expect(say(book, 8, 'settled').settled).toHaveLength(1)
  })

  test('one that the wallet has lost ends ten minutes after nobody can pay it', () => {
    const book = fresh()
    issue(book, fund(book), 7)
    const end = start + LIFE_MS + 600_000
    expect(say(book, 7, 'unknown', null, unixMs(end - 1))).toEqual(NOTHING)
    expect(told(say(book, 7, 'unknown', null, unixMs(end)))).toEqual(['tell canceled 7'])
  })
})

describe('what is open is looked up', () => {
  /** All lookups up to a time, as seconds after the start, with what the wallet answers. */
  const lookups = (book: Book, until: number, answer: SaidState): number[] => {
    const at: number[] = []
    for (let due = nextDue(book); due !== undefined && due <= until; due = nextDue(book))
      for (const { do: what } of decide(book, { type: 'tick' }, due).effects)
        if (what === 'lookup') {
          at.push((due - start) / 1000)
          say(book, 7, answer, null, due)
        }
    return at
  }

  test('every 10 s while it can be paid, then less and less often', () => {
    const book = fresh()
    issue(book, fund(book), 7)
    const at = lookups(book, start + 400_000, 'open')
    expect(at.slice(0, 13)).toEqual(Array.from({ length: 13 }, (_, i) => 10 * (i + 1)))
    expect(at.length).toBeLessThan(30)
    expect(at.at(-1)).toBeGreaterThan(340)
  })

  test('three times within a day after it was cancelled, and then it is forgotten', () => {
    const book = fresh()
    issue(book, fund(book), 7)
    say(book, 7, 'canceled')
    const day = start + LIFE_MS + 86_400_000
    expect(lookups(book, day - 1, 'canceled')).toEqual([720, 3_720])
    expect(told(decide(book, { type: 'tick' }, unixMs(day)))).toEqual(['lookup 7'])
    const last = say(book, 7, 'canceled', null, unixMs(day))
    expect(last.changes).toMatchObject([{ do: 'drop', row: { hash: hex(7) } }])
    expect([book.canceled.size, nextDue(book)]).toEqual([0, undefined])
  })

  test('one at a wallet that does not answer any more is forgotten after two days', () => {
    const book = fresh()
    issue(book, fund(book), 7)
    say(book, 7, 'canceled')
    let last: BookDecision = NOTHING
    for (let due = nextDue(book); due !== undefined; due = nextDue(book))
      last = decide(book, { type: 'tick' }, due)
    expect(last).toMatchObject({ changes: [{ do: 'drop' }], effects: [] })
  })

  test('all of it at once after a restart', () => {
    const book = fresh()
    for (const n of [1, 2, 3]) issue(book, fund(book, { ref: `job ${n}` }), n)
    const canceled = say(book, 3, 'canceled').changes[0]!.row
    const again = openBook(NODE, [...book.invoices.values(), canceled], start)
    expect(told(decide(again, { type: 'tick' }, start))).toEqual(['lookup 1', 'lookup 2'])
    expect(told(fund(again, { ref: 'job 1' }))).toEqual(['tell issued 1'])
    expect(say(again, 1, 'settled').settled).toHaveLength(1)
    expect(say(again, 3, 'settled').settled).toHaveLength(1)
    expect(told(fund(again, { ref: 'job 1', settled: 1 }))).toEqual(['create 2'])
  })
})

describe('a wallet that does not make it', () => {
  test('is said, and the next one may be asked for', () => {
    const book = fresh()
    fund(book)
    expect(told(decide(book, { type: 'unissued', payer: KEY, ref: KEY }, start))).toEqual([
      'refuse wallet',
    ])
    expect(told(fund(book))).toEqual(['create 1'])
  })

  test('is waited for a minute; what comes later is not given out', () => {
    const book = fresh()
    const asked = fund(book)
    const late = unixMs(start + 60_000)
    expect(told(decide(book, { type: 'tick' }, late))).toEqual(['refuse wallet'])
    expect(issue(book, asked, 7, late)).toEqual(NOTHING)
  })
})
