import { describe, expect, test } from 'bun:test'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import type { BookedInvoice } from '../../metering/invoice-book-rows.ts'
import { decide, openBook } from '../../metering/invoice-book.ts'
import { jobId, pubKey } from '../../protocol/ids.ts'
import { holdOf } from './hold-job.ts'
import { JOB, KEY, NODE, hash, now, row } from './hold.case.ts'
import type { NodeJob, NodeTurn } from './state.ts'
import type { Till } from './till.ts'

const OTHER = pubKey('03'.repeat(32))
const TICKET = '05'.repeat(32)

/** Whether a job is taken that says this, at a node whose wallet has this payment waiting since `ageMs`. */
const taken = (of: {
  row?: Partial<BookedInvoice>
  accepted?: boolean
  ageMs?: number
  /** It was given up before, and the book has not seen it go back. */
  leaving?: boolean
  by?: typeof KEY
  named?: string
  ceiling?: bigint
  job?: typeof JOB
  etaMs?: number
  jobs?: readonly Partial<NodeJob>[]
}) => {
  const since = unixMs(now - (of.ageMs ?? 0))
  const book = openBook(NODE, [row(of.row)], since)
  const received = msat(5_000n)
  if (of.accepted ?? true)
    decide(book, { type: 'status', hash, state: 'accepted', received }, since)
  if (of.leaving) {
    const until = book.deadlines.dueAt(`held:${hash}`)!
    decide(book, { type: 'undelivered', hash }, since)
    // Whatever its time is: what goes back pays for nothing.
    book.deadlines.set(`held:${hash}`, until)
  }
  const jobs = new Map((of.jobs ?? []).map((job, i) => [String(i), job]))
  const turn = { state: { jobs }, now } as never as NodeTurn
  const body = { job: of.job ?? JOB, ticket: TICKET, ceiling: msat(of.ceiling ?? 5_000n) }
  const draw = { event: { pubkey: of.by ?? KEY }, body: { payment_hash: of.named ?? hash } }
  const till = { book } as never as Till
  const it = holdOf(turn, till, { body } as never, draw as never, of.etaMs ?? 0)
  return typeof it === 'string' ? it : 'taken'
}

describe('a job by hold', () => {
  test('is taken where its payment waits for it', () => expect(taken({})).toBe('taken'))

  test.each([
    ['the payment of another payer', { by: OTHER }],
    ['a payment that waits for another job', { job: jobId('07'.repeat(32)) }],
    ['a payment that is not there', { named: '08'.repeat(32) }],
    ['a payment that nobody has made yet', { accepted: false }],
    ['less than the ceiling', { ceiling: 5_001n }],
    ['an invoice that is paid at once, and held by nobody', { row: { preimage: null } }],
    [
      'a payment that goes back',
      { row: { state: 'accepted', closing: 'cancel' }, accepted: false },
    ],
    ['a payment that was given up a moment ago', { leaving: true }],
    ['a payment that has no time left', { ageMs: 86_000 }],
    ['a payment that has less time than the work takes', { ageMs: 60_000, etaMs: 26_000 }],
  ] as const)('is not, with %s', (_, of) => expect(taken(of as never)).toBe('unfunded'))

  test('is not where the work takes over 30 s', () => {
    expect(taken({ etaMs: 30_000 })).not.toBe('policy')
    expect(taken({ etaMs: 30_001 })).toBe('policy')
  })

  test('is taken once: one payment does not pay for two jobs at once', () => {
    const hold = { hash } as never
    expect(taken({ jobs: [{ hold, phase: 'running' }] })).toBe('used')
  })
})
