import { expect, test } from 'bun:test'
import { msat } from '../../engine/base/money.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import type { Receipt } from '../../engine/protocol/receipt.ts'
import { cutShort } from '../../engine/roles/client/outcome.ts'
import type { Outcome } from '../../engine/roles/client/news.ts'
import { offersText } from './offers.ts'
import { closingLines, endOf } from './result.ts'

const same = (text: string): string => text
const paint = { dim: same, green: same, yellow: same, red: same }
const key = '1'.repeat(64) as PubKey
const times = { asked: 1, offered: 2, accepted: null, first: null, done: 3 }
const linesOf = (
  over: Partial<Outcome['times']>,
  node: PubKey | null = key,
  kept: Partial<Outcome> = {},
): string[] => {
  const outcome = { node, router: key, model: 'tiny', usage: {}, left: null, net: 'main' }
  const money = { cost: msat(0n), ceiling: msat(1n), most: msat(1n), fee: msat(0n) }
  const end = { verified: null, receipt: null, times: { ...times, ...over } }
  return closingLines({ ...outcome, ...money, ...end, ...kept } as Outcome, paint, () => 'mira')
}

test('a job that nobody took was served by nobody, and lacks no receipt', () => {
  expect(linesOf({})).toEqual([])
  expect(linesOf({}, null)).toEqual([])
  expect(linesOf({ accepted: 2 }).at(-1)).toContain('no receipt came')
})

test('what is left stays there, unless the key that paid it goes with the command', () => {
  const line = (left: bigint | null, leftEnds: boolean, paid = 0n, wrong = 0n, broken = false) => {
    const sums = { left, paying: msat(paid), disputedDebt: msat(wrong) }
    return linesOf({ accepted: 2 }, key, { ...sums, leftEnds, broken }).at(-1)
  }
  expect(line(999n, false)).toEndWith(' · 999 msat left there')
  expect(line(999n, true)).toEndWith(' · 999 msat paid, and gone')
  const receipt = { status: 'ok' } as Receipt
  const ended = { left: 999n, leftEnds: true, verified: true, receipt }
  expect(linesOf({ accepted: 2 }, key, ended).at(-1)).toEndWith(' · 999 msat not used, and gone')
  expect(line(-2n, false)).toEndWith(' · 2 msat owed there')
  expect(line(-2n, false, 2n)).toEndWith(' · 2 msat being paid there')
  expect(line(-5n, false, 2n)).toEndWith(' · 2 msat being paid there · 3 msat owed there')
  expect(line(null, false)).toEndWith('no receipt came')
  expect(line(-2n, false, 0n, 2n)).toEndWith('came · 2 msat disputed, and never paid')
  expect(line(-9n, false, 3n, 2n)).toEndWith(
    ' · 3 msat being paid there · 4 msat owed there · 2 msat disputed, and never paid',
  )
  expect(line(9n, false, 0n, 0n, true)).toEndWith(
    '9 msat left there, and not used: it gets nothing more',
  )
})

test('a node that stopped and says no reason: none is shown', () => {
  const receipt = { status: 'ok', reason: null } as Receipt
  expect(cutShort(receipt).message).toBe('the node stopped before the end')
  expect(cutShort({ ...receipt, reason: 'drain' } as Receipt).message).toEndWith('(drain)')
})

test('Ctrl-C ends with 130; with 80 where what was owed is on its way, and its end not known', () => {
  const { signal } = new AbortController()
  const end = (paying: bigint, asked: boolean) => {
    const fault = endOf({ paying: msat(paying), fault: null, verified: true } as Outcome, {
      asked: () => asked,
      signal,
    })
    return fault && `${fault.kind} ${fault.code}`
  }
  expect(end(0n, true)).toBe('interrupted interrupted')
  expect(end(5n, true)).toBe('uncertain payment.unknown')
  expect([end(0n, false), end(5n, false)]).toEqual([null, null])
})

test('the last line names the price that was said before, and rounds what is left down', () => {
  const money = {
    cost: msat(1n),
    ceiling: msat(1n),
    most: msat(1_000n),
    left: 9_998n,
    leftEnds: false,
  }
  const line = linesOf({ accepted: 2 }, key, money).at(-1)
  expect(line).toContain(' · 1 msat of at most 1 sat · ')
  expect(line).toEndWith(' · 9.99 sat left there')
})

test('a dry run where only who has a tab is served says so, with what to do first', () => {
  const line = {
    node: key,
    model: 'tiny',
    ceiling: msat(1n),
    firstMs: 1,
    warm: true,
    reason: 'first',
  }
  const found = { router: key, lines: [line], ceiling: msat(12_001n), fee: msat(0n), inputBytes: 1 }
  const text = (after: boolean, left = 0n) =>
    offersText({ ...found, after, alone: false, proof: false } as never, left, () => 'mira', 'sim')
  expect(text(true)).toMatch(/ends with 77: pay first\n {2}fedai pay top-up npub1\w+ 13sat\n/)
  expect(text(true, 12_001n)).toContain('\npaid after it, out of the 12 sat on your tab at mira\n')
  expect(text(false)).not.toContain('77')
})
