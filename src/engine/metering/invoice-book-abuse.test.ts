import { describe, expect, test } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { Preimage } from '../protocol/ids.ts'
import { BOOK_RULES, type Book, decide, openBook } from './invoice-book.ts'
import {
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

describe('attack 13, a flood of invoices that nobody pays', () => {
  test('one payer has four at once, wanted or issued', () => {
    const book = fresh()
    const ends = [1, 2, 3, 4, 5].map((n) => {
      const asked = fund(book, { ref: `job ${n}` })
      if (n < 3) issue(book, asked, n)
      return told(asked)[0]
    })
    expect(ends).toEqual([...Array.from({ length: 4 }, () => 'create 1'), 'refuse policy'])
    say(book, 1, 'canceled')
    expect(told(fund(book, { ref: 'job 5' }))).toEqual(['create 1'])
  })

  test('strangers have half of all; who has paid before is served still', () => {
    const book = fresh()
    const half = BOOK_RULES.mostInAll / 2
    for (let n = 0; n < half; n++) issue(book, fund(book, { payer: hex(100 + n) }), 1000 + n)
    expect(told(fund(book, { payer: hex(99) }))).toEqual(['refuse busy'])
    expect(told(fund(book, { settled: 3 }))).toEqual(['create 4'])
    for (let n = 1; n < half; n++) fund(book, { payer: hex(5000 + n), settled: 1 })
    expect(told(fund(book, { payer: hex(98), settled: 1 }))).toEqual(['refuse busy'])
  })

  test('those that were never paid are forgotten, the oldest first', () => {
    const book = fresh()
    let dropped = 0
    for (let n = 0; n < 4_100; n++) {
      issue(book, fund(book), n)
      dropped += say(book, n, 'canceled').changes.filter((it) => it.do === 'drop').length
    }
    expect([book.canceled.size, dropped, book.canceled.has(hex(3))]).toEqual([4_096, 4, false])
    expect([book.invoices.size, book.live.size, book.wanted.size]).toEqual([0, 0, 0])
  })

  test('a wallet that calls them open for ever keeps nobody out, and no payer from the next', () => {
    const book = fresh()
    const half = BOOK_RULES.mostInAll / 2
    for (let n = 0; n < half; n++) issue(book, fund(book, { payer: hex(100 + n) }), 1000 + n)
    const ends = start + LIFE_MS + 600_000
    const open = (n: number, at: number) => told(say(book, n, 'open', null, unixMs(at)))
    expect(open(1000, ends - 1)).toEqual([])
    expect(told(fund(book, { payer: hex(99) }))).toEqual(['refuse busy'])
    for (let n = 0; n < half; n++)
      expect(open(1000 + n, ends)).toEqual([`tell canceled ${1000 + n}`])
    expect(told(fund(book, { payer: hex(99) }, unixMs(ends)))).toEqual(['create 1'])
    expect(told(fund(book, { payer: hex(100) }, unixMs(ends)))).toEqual(['create 1'])
    // Who paid one all the same has it credited.
    const late = say(book, 1000, 'settled', null, unixMs(ends + 3_600_000))
    expect(late.settled).toMatchObject([{ payer: hex(100), received: 10_000n }])
  })

  test('what Lightning does not carry is not asked of the wallet', () => {
    expect(told(fund(fresh(), { msat: msat(999n) }))).toEqual(['refuse policy'])
  })
})

describe('a hold invoice', () => {
  const accepted = (): Book => {
    const book = fresh()
    issue(book, fund(book, { purpose: 'job', ref: 'job', hold: true }), 7)
    const decision = say(book, 7, 'accepted')
    expect([told(decision), decision.settled]).toEqual([['tell accepted 7'], []])
    return book
  }

  test('is settled once its result is delivered, and that is on the disk first', () => {
    const book = accepted()
    expect(say(book, 7, 'accepted')).toEqual(NOTHING)
    const delivered = decide(book, { type: 'delivered', hash: hex(7) }, start)
    expect(delivered.changes).toMatchObject([{ row: { state: 'accepted', closing: 'settle' } }])
    expect(delivered.effects).toEqual([
      { do: 'settleHold', hash: hex(7), preimage: hex<Preimage>(9_007) },
    ])
    expect(say(book, 7, 'settled').settled).toHaveLength(1)
  })

  test.each([
    ['delivered', 'settleHold 7'],
    ['undelivered', 'cancelHold 7'],
  ] as const)(
    '%s: a wallet that leaves it held is told again, ever less often, in one loop',
    (type, what) => {
      const book = accepted()
      decide(book, { type, hash: hex(7) }, start)
      const at: number[] = []
      for (let ms = 100; ms < 80_000; ms += 100) {
        const now = unixMs(start + ms)
        const ticked = told(decide(book, { type: 'tick' }, now))
        // It says so with each answer, and by itself.
        const said = [...ticked, 'heard'].flatMap(() => told(say(book, 7, 'accepted', null, now)))
        expect(said).toEqual([])
        for (const it of ticked) if (it === what) at.push(ms / 1_000)
      }
      expect(at).toEqual([1, 3, 7, 15, 25, 35, 45, 55, 65, 75])
    },
  )

  test('the same where no money was wanted: once for each answer that it has some, a second later at the soonest', () => {
    for (const short of [true, false]) {
      const book = fresh()
      issue(book, fund(book, { ref: 'job', hold: true }), 7)
      if (!short) say(book, 7, 'canceled')
      const hear = (ms: number) =>
        told(say(book, 7, 'accepted', short ? 9_999n : null, unixMs(start + ms)))
      expect(hear(0)).toEqual(['cancelHold 7'])
      expect([hear(1), hear(999)]).toEqual([[], []])
      expect(told(decide(book, { type: 'tick' }, unixMs(start + 1_000)))).toContain('lookup 7')
      expect([hear(1_000), hear(1_001)]).toEqual([['cancelHold 7'], []])
    }
  })

  test('attack 11: what our wallet did not take within 90 s goes back; what it took after all is ours', () => {
    const book = accepted()
    decide(book, { type: 'delivered', hash: hex(7) }, unixMs(start + 60_000))
    const tick = (ms: number) => told(decide(book, { type: 'tick' }, unixMs(start + ms)))
    for (let ms = 60_100; ms < 90_000; ms += 100) expect(tick(ms)).not.toContain('cancelHold 7')
    expect(tick(90_000)).toContain('cancelHold 7')
    for (let ms = 90_100; ms < 200_000; ms += 100) expect(tick(ms)).not.toContain('settleHold 7')
    expect(say(book, 7, 'settled').settled).toHaveLength(1)
  })

  test('goes back where the job failed; then no delivery takes it', () => {
    const book = accepted()
    expect(told(decide(book, { type: 'undelivered', hash: hex(7) }, start))).toEqual([
      'cancelHold 7',
    ])
    expect(decide(book, { type: 'delivered', hash: hex(7) }, start)).toEqual(NOTHING)
    expect(told(say(book, 7, 'canceled'))).toEqual(['tell canceled 7'])
  })

  test('given back before anybody paid it: cancelled, and what is paid all the same goes back', () => {
    const asked = { purpose: 'job', ref: 'job', hold: true } as const
    const book = fresh()
    issue(book, fund(book, asked), 7)
    const given = decide(book, { type: 'undelivered', hash: hex(7) }, start)
    expect(given.changes).toMatchObject([{ row: { state: 'issued', closing: 'cancel' } }])
    expect(told(given)).toEqual(['cancelHold 7'])
    // Nobody is given an invoice whose money would go back.
    expect(told(fund(book, asked))).toEqual(['refuse busy'])
    const paid = say(book, 7, 'accepted', null, unixMs(start + 1_000))
    expect(paid.settled).toEqual([])
    expect(told(decide(book, { type: 'tick' }, unixMs(start + 1_000)))).toContain('cancelHold 7')
    expect(told(say(book, 7, 'canceled'))).toEqual(['tell canceled 7'])
    expect(told(fund(book, asked))).toEqual(['create 1'])
    // What is no hold invoice is its wallet's to end.
    issue(book, fund(book), 8)
    expect(decide(book, { type: 'undelivered', hash: hex(8) }, start)).toEqual(NOTHING)
  })

  test('attack 11: it is never held for more than 90 s', () => {
    const book = accepted()
    const tick = (ms: number) => told(decide(book, { type: 'tick' }, unixMs(start + ms)))
    expect(tick(89_999)).not.toContain('cancelHold 7')
    expect(tick(90_000)).toContain('cancelHold 7')
    // Until the wallet has done it.
    expect(tick(101_000)).toEqual(['cancelHold 7', 'lookup 7'])
  })

  test('attack 11: one payer has two at once', () => {
    const book = fresh()
    const ask = (n: number) => told(fund(book, { purpose: 'job', ref: `job ${n}`, hold: true }))
    expect([ask(1), ask(2), ask(3)]).toEqual([['create 1'], ['create 1'], ['refuse policy']])
    expect(told(fund(book))).toEqual(['create 1'])
  })

  test('after a restart its job is no more: the money goes back, unless the result was delivered', () => {
    for (const [delivered, effect] of [
      [false, 'cancelHold 7'],
      [true, 'settleHold 7'],
    ] as const) {
      const book = accepted()
      if (delivered) decide(book, { type: 'delivered', hash: hex(7) }, start)
      const again = openBook(NODE, [...book.invoices.values()], start)
      expect(told(decide(again, { type: 'tick' }, start))).toEqual([effect, 'lookup 7'])
    }
  })

  test('after a restart, too, what was not taken within 90 s goes back', () => {
    for (const at of [start, unixMs(start + 90_000)]) {
      const book = accepted()
      decide(book, { type: 'delivered', hash: hex(7) }, start)
      const again = openBook(NODE, [...book.invoices.values()], at)
      const due = told(decide(again, { type: 'tick' }, unixMs(start + 90_000)))
      expect(due).toContain('cancelHold 7')
      if (at !== start) expect(due).not.toContain('settleHold 7')
    }
  })

  test('with less than was asked, or after it was cancelled, is sent back', () => {
    const book = fresh()
    issue(book, fund(book, { ref: 'job', hold: true }), 7)
    expect(told(say(book, 7, 'accepted', 9_999n))).toEqual(['cancelHold 7'])
    say(book, 7, 'canceled')
    expect(told(say(book, 7, 'accepted'))).toEqual(['cancelHold 7'])
  })
})

test('the preimage of a hold invoice goes to the wallet, and nobody hears it', () => {
  const canary = hex<Preimage>(9_007)
  const book = fresh()
  const decisions = [
    issue(book, fund(book, { ref: 'job', hold: true }), 7),
    fund(book, { ref: 'job' }),
    say(book, 7, 'accepted'),
    say(book, 7, 'canceled'),
    say(book, 7, 'settled'),
  ]
  const tells = decisions.flatMap((it) => it.effects).filter((it) => it.do === 'tell')
  expect(tells).toHaveLength(5)
  expect(tells.map((it) => it.invoice.preimage)).toEqual([null, null, null, null, null])
  expect(decisions[0]!.changes[0]!.row.preimage).toBe(canary)
})
