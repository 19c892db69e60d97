import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../base/clock.ts'
import {
  type Account,
  type Accounts,
  MOST_KEYS,
  accountOf,
  credited,
  disputed,
  isPrepaid,
  lost,
  mayBegin,
  maySend,
  sent,
  trusted,
} from './owed.ts'

const now = unixMs(1_000_000)
const account = (paid = 0n, outstanding = 0n, lostBefore = 0n): Account => ({
  paid,
  outstanding,
  lost: lostBefore,
  at: now,
})

describe('a frame may go', () => {
  test.each([
    ['a first piece, whatever it costs', account(), 1_000_000n, true],
    ['no second one before it is credited', account(0n, 1n), 1n, false],
    ['what is free, always', account(0n, 5n, 7n), 0n, true],
    ['within a tenth of what was paid', account(100n, 4n, 3n), 3n, true],
    ['not one beyond it', account(100n, 4n, 3n), 4n, false],
    ['one piece beyond it where nothing is out', account(100n, 0n, 10n), 999n, true],
    ['not where more than a tenth is lost', account(100n, 0n, 11n), 1n, false],
    ['not where nothing was ever paid and a piece is lost', account(0n, 0n, 1n), 1n, false],
  ] as const)('%s', (_, it, added, may) => expect(maySend(it, added)).toBe(may))
})

test('a job may begin while what was lost is within a tenth of what was paid', () => {
  expect([account(), account(10n, 99n, 1n)].map((it) => mayBegin(it))).toEqual([true, true])
  expect([account(0n, 0n, 1n), account(19n, 0n, 2n)].map((it) => mayBegin(it))).toEqual([
    false,
    false,
  ])
})

test('or less than lies unused on its tab: what is paid before is served', () => {
  const it = account(10_000n, 0n, 1_500n)
  expect([mayBegin(it), mayBegin(it, 1_500n), mayBegin(it, 1_501n)]).toEqual([false, false, true])
  expect([maySend(it, 9n), maySend(it, 9n, 1_501n)]).toEqual([false, true])
  // One piece at a time, as ever.
  expect(maySend({ ...it, outstanding: 1n }, 9n, 10_000n)).toBe(false)
})

test('a piece of another job may go while one is out, where a tenth of what the tab has left of both covers it', () => {
  const it = account(10_000n, 400n, 1_500n)
  const may = (added: bigint, unused: bigint) => isPrepaid(it, added, unused)
  expect([may(10n, 1_999n), may(10n, 2_000n), may(11n, 2_000n)]).toEqual([false, true, false])
})

test('whatever a reader of a tab does, all that it had was paid for but one piece and a tenth', () => {
  const step = fc.tuple(fc.constantFrom('send', 'pay', 'leave'), fc.bigInt(1n, 500n))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const toppedUp = 10_000n
      const it = account(toppedUp)
      let used = 0n
      for (const [what, cost] of steps) {
        const unused = toppedUp - used
        const covered = used + it.outstanding + cost <= toppedUp
        const may = maySend(it, cost, unused) || isPrepaid(it, cost, unused)
        if (what === 'send' && covered && mayBegin(it, unused) && may) sent(it, cost)
        else if (what === 'pay') {
          used += it.outstanding
          credited(it, it.outstanding)
        } else if (what === 'leave') lost(it, it.outstanding)
        expect(used + it.lost <= toppedUp + (toppedUp + used) / 10n + 500n).toBe(true)
      }
    }),
    { seed: 5 },
  )
})

test('clients that die with pieces in their hands, all at once and again and again, leave their tab usable', () => {
  const it = account(10_000n)
  for (let n = 0; n < 1_000; n++) {
    // The largest that may go.
    let piece = 1_000n
    while (piece > 0n && !isPrepaid(it, piece, 10_000n)) piece--
    sent(it, piece)
    if (n % 8 === 7) lost(it, it.outstanding)
    expect(mayBegin(it, 10_000n)).toBe(true)
  }
})

test('whatever a reader does, it has a tenth of what it paid and one piece, and no more', () => {
  const step = fc.tuple(fc.constantFrom('send', 'pay', 'leave'), fc.bigInt(1n, 500n))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const it = account()
      let [largest, most] = [0n, 0n]
      for (const [what, cost] of steps) {
        if (what === 'send' && mayBegin(it) && maySend(it, cost)) {
          sent(it, cost)
          if (cost > largest) largest = cost
        } else if (what === 'pay') credited(it, it.outstanding < cost ? it.outstanding : cost)
        else if (what === 'leave') lost(it, it.outstanding)
        most = it.lost + it.outstanding
        expect(most <= it.paid / 10n + largest).toBe(true)
        expect(it.outstanding >= 0n).toBe(true)
      }
    }),
    { numRuns: 300, seed: 5 },
  )
})

test('who disputes what it credited has not paid it', () => {
  const it = account()
  sent(it, 50n)
  credited(it, 50n)
  expect(mayBegin(it)).toBe(true)
  disputed(it, 50n)
  expect(mayBegin(it)).toBe(false)
})

test('a dispute of what a forgotten account had paid leaves it unpaid, and owing', () => {
  const it = account(20n)
  disputed(it, 50n)
  expect([it.paid, it.lost, trusted(it), mayBegin(it)]).toEqual([0n, 50n, null, false])
})

describe('accounts', () => {
  const idle = () => false

  test('of an hour without any traffic are forgotten; not while a job is open, not while it goes on trying', () => {
    const accounts: Accounts<string> = new Map()
    const open = (after: number, isBusy = idle) =>
      accountOf(accounts, 'thief', unixMs(now + after), isBusy)
    open(0).lost = 5n
    expect(open(3_600_000).lost).toBe(5n)
    expect(open(2 * 3_600_000).lost).toBe(5n)
    expect(open(5 * 3_600_000, () => true).lost).toBe(5n)
    expect(open(7 * 3_600_000).lost).toBe(0n)
  })

  test('are bounded, and a crowd of new keys pushes out nobody who paid', () => {
    const accounts: Accounts<number> = new Map()
    accountOf(accounts, -1, now, idle).paid = 1n
    for (let key = 0; key < MOST_KEYS + 10; key++) accountOf(accounts, key, now, idle)
    expect(accounts.size).toBe(MOST_KEYS)
    expect(accounts.get(-1)?.paid).toBe(1n)
    expect(accounts.has(0)).toBe(false)
  })
})
