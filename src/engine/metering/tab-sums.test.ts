import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { PubKey } from '../protocol/ids.ts'
import { creditFor, creditOut } from './tab-credit.ts'
import type { Tab } from './tab-rows.ts'
import { dueInvoiceOf, jobInvoiceOf, topUpOf } from './tab-top-up.ts'

const now = unixMs(1_700_000_000_000)
const DAYS_30 = 30 * 86_400_000
const tabOf = (paid: bigint, used: bigint, over: Partial<Tab> = {}): Tab => ({
  node: 'n' as PubKey,
  key: 'k' as PubKey,
  paid: msat(paid),
  used: msat(used),
  reserved: msat(0n),
  credit: msat(0n),
  seq: 0,
  n: 0,
  due: null,
  defaulted: false,
  at: now,
  ...over,
})
const MSAT = msat(1n)
const SAT = msat(1000n)

describe('an invoice asks for', () => {
  test.each([
    ['the first: 10 sat', 0, 0n, MSAT, 10_000n],
    ['the first, for a dearer job', 0, 10_001n, MSAT, 10_001n],
    ['the same, from a wallet of whole sats', 0, 10_001n, SAT, 11_000n],
    ['a later one: 100 sat', 1, 0n, MSAT, 100_000n],
    ['a later one, for a dear job', 7, 250_000n, SAT, 250_000n],
  ] as const)('%s', (_, seq, needed, granularity, asked) =>
    expect(topUpOf(seq, msat(needed), granularity)).toBe(msat(asked)),
  )

  test('what a job may cost where the tab is off, and never less than Lightning carries', () => {
    expect([0n, 999n, 1_000n, 1_001n].map((it) => jobInvoiceOf(msat(it), SAT))).toEqual(
      [1_000n, 1_000n, 1_000n, 2_000n].map(msat),
    )
    expect(jobInvoiceOf(msat(1_001n), MSAT)).toBe(msat(1_001n))
  })

  test('what is owed, down to what the wallet can count; the rest is carried over', () => {
    const due = (owed: bigint, granularity = MSAT) =>
      dueInvoiceOf(tabOf(50n, 50n + owed), granularity)
    expect([due(0n), due(999n)]).toEqual([null, null])
    expect([due(1_000n), due(1_999n)]).toEqual([msat(1_000n), msat(1_999n)])
    expect([due(999n, SAT), due(1_999n, SAT)]).toEqual([null, msat(1_000n)])
    expect(dueInvoiceOf(tabOf(9_000n, 1n), MSAT)).toBeNull()
  })

  test('attack 21, rounding: a thousand jobs of some msat are invoiced to the msat, none of them twice', () => {
    const jobs = fc.array(fc.bigInt(1n, 900n), { minLength: 100, maxLength: 1000 })
    fc.assert(
      fc.property(jobs, fc.constantFrom(MSAT, SAT), (costs, granularity) => {
        let [paid, used] = [0n, 0n]
        for (const cost of costs) {
          used += cost
          const asked = dueInvoiceOf(tabOf(paid, used), granularity)
          if (asked === null) continue
          expect(asked >= 1_000n && asked % granularity === 0n).toBe(true)
          paid += asked
        }
        // What is left unpaid is less than an invoice could carry, and no msat was asked for unused.
        expect(used - paid >= 0n && used - paid < 2_000n).toBe(true)
      }),
      { numRuns: 50, seed: 3 },
    )
  })
})

describe('attack 2, credit for fresh keys', () => {
  const policy = { each: msat(50_000n), all: msat(80_000n) }

  test('a new key has none, and so has a crowd of them', () => {
    expect(creditFor(undefined, policy, 0n, now)).toBe(msat(0n))
    expect(creditFor(tabOf(0n, 0n), policy, 0n, now)).toBe(msat(0n))
    // What was paid and not used was bought on nobody's trust.
    expect(creditFor(tabOf(900_000n, 0n), policy, 0n, now)).toBe(msat(0n))
  })

  test('it is a tenth of what was bought and paid, up to a limit', () => {
    expect(creditFor(tabOf(100_000n, 200_000n), policy, 0n, now)).toBe(msat(10_000n))
    expect(creditFor(tabOf(9_000_000n, 9_000_000n), policy, 0n, now)).toBe(msat(50_000n))
  })

  test('it halves for every 30 days of silence', () => {
    const quiet = (days: number) =>
      creditFor(tabOf(80_000n, 80_000n), policy, 0n, unixMs(now + days * 86_400_000))
    expect([0, 29, 30, 61, 5000].map(quiet)).toEqual([8_000n, 8_000n, 4_000n, 2_000n, 0n].map(msat))
    expect(creditFor(tabOf(80_000n, 80_000n), policy, 0n, unixMs(now - DAYS_30))).toBe(msat(8_000n))
  })

  test('none after a default', () => {
    expect(creditFor(tabOf(900_000n, 900_000n, { defaulted: true }), policy, 0n, now)).toBe(
      msat(0n),
    )
  })

  test('all together stay within what the node can lose', () => {
    const others = [
      tabOf(0n, 30_000n, { key: 'a' as PubKey, credit: msat(50_000n) }),
      tabOf(0n, 20_000n, { key: 'b' as PubKey, defaulted: true }),
      tabOf(1n, 900_000n, { key: 'k' as PubKey }),
    ]
    expect(creditOut(others, 'k')).toBe(70_000n)
    const rich = tabOf(9_000_000n, 9_000_000n)
    expect(creditFor(rich, policy, 70_000n, now)).toBe(msat(10_000n))
    expect(creditFor(rich, policy, 90_000n, now)).toBe(msat(0n))
  })
})
