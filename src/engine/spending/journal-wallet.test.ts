// Which wallet sent a payment, and what another one may say of it: nothing.
import { describe, expect, test } from 'bun:test'
import type { UnixMs } from '../base/clock.ts'
import {
  DAY,
  FAILED,
  NODE,
  NOTHING,
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
import { type Journal, decide, nextDue, openJournal, outTo, spentToday } from './journal.ts'
import type { Entry, PaymentNews } from './journal-rows.ts'

const OTHER_WALLET = 'sim-00000000000000bb'
const NEWS: readonly PaymentNews[] = [SETTLED, FAILED, { state: 'inflight' }, { state: 'unknown' }]

const absent = (journal: Journal, n: number, at: UnixMs, maySend = true) =>
  decide(journal, { type: 'absent', hash: hex(n), maySend }, at)
const tick = (journal: Journal, at: UnixMs) => said(decide(journal, { type: 'tick' }, at))

/** One payment as an earlier process left it, read by a process of another wallet, or of none. */
const left = (
  state: Entry['state'],
  wallet: string | null,
  by: string | null = WALLET,
  at = noon,
): Journal => {
  const journal = fresh()
  want(journal, 1)
  if (state === 'failed') hear(journal, 1, FAILED)
  else if (state !== 'intent') hear(journal, 1, { state: state as 'inflight' | 'unknown' })
  const entries = [...journal.open.values()].map((it) => ({ ...it, wallet: by }))
  return openJournal(entries, [], at, wallet)
}

test('the wallet is written with the payment, before it is told to pay', () => {
  const { changes, effects } = want(fresh(), 1)
  expect(changes).toMatchObject([{ do: 'add', row: { state: 'intent', wallet: WALLET } }])
  expect(effects).toMatchObject([{ do: 'pay' }])
  const later = hear(fresh(), 1, SETTLED)
  expect(later).toEqual(NOTHING)
  const journal = fresh()
  want(journal, 1)
  expect(hear(journal, 1, SETTLED).changes).toMatchObject([{ row: { wallet: WALLET } }])
})

describe.each(['intent', 'inflight', 'unknown'] as const)('one that is %s', (state) => {
  test.each([OTHER_WALLET, null])(
    'is not asked of %p, at no time, nor lost by its word',
    (wallet) => {
      const journal = left(state, wallet)
      expect(nextDue(journal)).toBeUndefined()
      for (const at of [noon, after(200_000), after(9 * DAY)]) {
        expect(tick(journal, at)).toEqual([])
        for (const news of NEWS) expect(hear(journal, 1, news, at)).toEqual(NOTHING)
        expect(absent(journal, 1, at)).toEqual(NOTHING)
        expect(absent(journal, 1, at, false)).toEqual(NOTHING)
      }
      expect([states(journal), outTo(journal, NODE)]).toEqual([[state], 100_000n])
      expect(spentToday(journal, noon)).toBe(105_000n)
    },
  )

  test('is not sent again by another wallet, nor is another invoice in its place, ever', () => {
    const journal = left(state, OTHER_WALLET)
    const late = after(9_000_000)
    for (const wanted of [
      want(journal, 1),
      want(journal, 7, { seq: 1 }),
      want(journal, 8, { seq: 1, expiresAt: after(9_900_000) }, late),
    ]) {
      expect(said(wanted)).toEqual(['refuse payment.other_wallet'])
      const fault = wanted.effects.find((it) => it.do === 'refuse')?.fault
      expect(fault?.message).toEndWith(
        `is ${state}, from the wallet ${WALLET}; connected is ${OTHER_WALLET}`,
      )
      expect(fault?.hint).toContain('do not pay again; connect the wallet that sent it')
    }
    expect(absent(journal, 1, after(1_000))).toEqual(NOTHING)
    expect(said(want(journal, 2, { seq: 2 }))).toEqual(['pay 2'])
    expect(journal.open.get(hex(2))?.wallet).toBe(OTHER_WALLET)
  })

  test('is asked of its own again, which ends it', () => {
    const journal = left(state, WALLET)
    expect(tick(journal, noon)).toEqual(['lookup 1'])
    expect(said(absent(journal, 1, after(179_999), false))).toEqual([])
    expect(said(absent(journal, 1, after(180_000), false))).toEqual(['tell failed'])
  })

  test('of no wallet on record: only that it settled is believed, and it is not sent again', () => {
    const journal = left(state, OTHER_WALLET, null)
    expect(said(want(journal, 1))).toEqual(['refuse payment.other_wallet'])
    expect(tick(journal, noon)).toEqual(['lookup 1'])
    for (const at of [after(1_000), after(200_000), after(9 * DAY)]) {
      expect(absent(journal, 1, at)).toEqual(NOTHING)
      expect(hear(journal, 1, FAILED, at)).toEqual(NOTHING)
    }
    expect(states(journal)).toEqual([state])
    const settled = hear(journal, 1, SETTLED, after(9 * DAY))
    expect(settled.settled).toMatchObject([{ seq: 1, wallet: null }])
  })
})

test('one that failed is not asked of another wallet, and is over in its time', () => {
  const journal = left('failed', OTHER_WALLET)
  for (const ms of [600_000, 3_700_000, DAY + 130_000]) expect(tick(journal, after(ms))).toEqual([])
  expect(hear(journal, 1, SETTLED, after(4_000_000))).toEqual(NOTHING)
  const { changes } = decide(journal, { type: 'tick' }, after(3 * DAY))
  expect(changes).toMatchObject([{ do: 'put', row: { state: 'failed', final: true } }])
  expect(nextDue(journal)).toBeUndefined()
})

test('given up by its user it is over, no sooner than nobody can pay it; its own wallet may still say otherwise', () => {
  const giveUp = (journal: Journal, at: UnixMs) =>
    decide(journal, { type: 'given_up', hash: hex(1) }, at)
  const journal = left('inflight', OTHER_WALLET)
  expect(giveUp(journal, after(179_999))).toEqual(NOTHING)
  const given = giveUp(journal, after(180_000))
  expect(given.changes).toMatchObject([{ row: { state: 'failed', reason: 'given_up' } }])
  expect(outTo(journal, NODE)).toBe(0n)
  expect(giveUp(journal, after(180_001))).toEqual(NOTHING)
  const expiresAt = after(400_000)
  expect(said(want(journal, 7, { seq: 1, expiresAt }, after(180_001)))).toEqual(['pay 7'])

  const entry = journal.open.get(hex(1))!
  const back = openJournal([entry], [], after(200_000), WALLET)
  expect(tick(back, after(720_000))).toEqual(['lookup 1'])
  const { settled } = hear(back, 1, SETTLED, after(720_000))
  expect(settled).toMatchObject([{ late: true, seq: 1 }])
  expect(giveUp(back, after(800_000))).toEqual(NOTHING)
})
