import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Journal, decide, openJournal, spentToday } from './journal.ts'
import {
  FREE,
  NODE,
  SETTLED,
  WALLET,
  after,
  fresh,
  hear,
  hex,
  noon,
  payment,
  said,
  states,
} from './journal.case.ts'
import { lockedUntil } from './journal-retry.ts'
import type { JournalDecision, WantedPayment } from './journal-rows.ts'
import { msat } from '../base/money.ts'

// One that failed is made again by the same invoice, where none of it can be on its way; and never by another.

const wanting = (
  journal: Journal,
  once: boolean,
  at = noon,
  over: Partial<WantedPayment> = {},
  caps = FREE,
): JournalDecision =>
  decide(
    journal,
    {
      type: 'want',
      payment: payment(1, over),
      caps,
      price: msat(0n),
      left: 0n,
      once,
      known: journal.open.get(over.hash ?? hex(1)) ?? null,
    },
    at,
  )

const failed = (reason: string, once = true): Journal => {
  const journal = fresh()
  wanting(journal, once)
  if (reason.startsWith('wallet.')) decide(journal, { type: 'unsent', hash: hex(1), reason }, noon)
  else hear(journal, 1, { state: 'failed', reason })
  return journal
}

describe('the same invoice again', () => {
  test.each(['no_balance', 'no_route', 'over_fee', 'over_limit', 'wallet.unreachable'])(
    '%s, where the wallet moves a hash once: it is written anew, and sent',
    (reason) => {
      const journal = failed(reason)
      const again = wanting(journal, true, after(3_000))
      expect(said(again)).toEqual(['pay 1'])
      expect(again.changes).toMatchObject([
        { do: 'put', table: 'payments', row: { state: 'intent', reason: null, at: after(3_000) } },
      ])
      expect(spentToday(journal, noon)).toBe(105_000n)
      expect(said(hear(journal, 1, SETTLED, after(3_100)))).toEqual(['tell settled'])
      expect(journal.paid.get(`${NODE} tab`)).toBe(1)
      expect(said(wanting(journal, true, after(4_000)))).toEqual(['refuse payment.repeated'])
    },
  )

  test.each(['other', 'rejected', 'given_up', 'unsent', 'bug.unforeseen'])(
    '%s proves too little',
    (reason) => {
      expect(said(wanting(failed(reason), true, after(1_000)))).toEqual(['refuse payment.open'])
    },
  )

  test('of a wallet that may pay a hash twice only that nothing was sent is believed', () => {
    expect(said(wanting(failed('no_balance', false), false))).toEqual(['refuse payment.open'])
    expect(said(wanting(failed('wallet.unreachable', false), false))).toEqual(['pay 1'])
  })

  test.each([
    ['in its last seconds', after(106_000), {}],
    ['under another number', noon, { seq: 2 }],
    ['for something else', noon, { ref: 'job' }],
  ] as const)('not %s', (_, at, over) => {
    expect(said(wanting(failed('no_balance'), true, at, over))[0]).toStartWith('refuse')
  })

  test('not over a cap, and that is what is said', () => {
    const caps = { ...FREE, budget: msat(100_000n) }
    expect(said(wanting(failed('no_balance'), true, noon, {}, caps))).toEqual([
      'refuse budget.exceeded',
    ])
  })

  test('not from another wallet', () => {
    const entries = [...failed('no_balance').open.values()]
    const other = openJournal(entries, [], noon, 'lnd-00000000000000bb')
    expect(said(wanting(other, true))).toEqual(['refuse payment.open'])
  })

  test('not of one that was on its way again after it failed', () => {
    const journal = failed('no_balance')
    hear(journal, 1, { state: 'inflight' })
    hear(journal, 1, { state: 'failed', reason: 'no_balance' })
    expect(said(wanting(journal, true))).toEqual(['refuse payment.open'])
  })
})

test('another invoice for the same waits until the first has ended, and is told when that is', () => {
  const journal = failed('no_balance')
  const other = wanting(journal, true, noon, { hash: hex(7), bolt11: 'lnbcrt7' })
  expect(other.effects).toMatchObject([
    { fault: { kind: 'again', code: 'payment.open', hint: 'try again after 12:02:00 UTC' } },
  ])
  const [entry] = journal.open.values()
  expect(lockedUntil(journal, entry!, true)).toBeNull()
  expect(lockedUntil(journal, entry!, false)).toBe(after(120_000))
})

test('whatever is wanted and heard in whichever order, at most one send is under way, and one settles', () => {
  const steps = fc.array(
    fc.constantFrom('want', 'other', 'settled', 'no_balance', 'other_fault', 'unsent', 'reopen'),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(steps, fc.boolean(), (list, once) => {
      let journal = fresh()
      let sending = 0
      let settled = 0
      for (const [i, step] of list.entries()) {
        const at = after(i * 100)
        if (step === 'reopen') {
          // What it sent is not known to the next process; nor is it to this test.
          if (sending > 0) continue
          const views = settled > 0 ? [{ payee: NODE, ref: 'tab', seq: 1 }] : []
          journal = openJournal([...journal.open.values()], views, at, WALLET)
          continue
        }
        const own = step === 'other' ? { hash: hex<never>(7), bolt11: 'lnbcrt7' } : {}
        const decision =
          step === 'want' || step === 'other'
            ? wanting(journal, once, at, own)
            : step === 'unsent'
              ? decide(journal, { type: 'unsent', hash: hex(1), reason: 'wallet.unreachable' }, at)
              : hear(journal, 1, newsOf(step), at)
        const sent = decision.effects.filter((it) => it.do === 'pay').length
        if (sent > 0) expect(sending).toBe(0)
        // What it hears ends what it has sent.
        if (step === 'want' || step === 'other') sending += sent
        else sending = states(journal).some((it) => it === 'intent') ? sending : 0
        settled += decision.settled.length
        expect(settled).toBeLessThanOrEqual(1)
      }
    }),
    { seed: 5, numRuns: 500 },
  )
})

const newsOf = (step: 'settled' | 'no_balance' | 'other_fault') =>
  step === 'settled' ? SETTLED : ({ state: 'failed', reason: step } as const)
