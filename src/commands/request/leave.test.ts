import { expect, test } from 'bun:test'
import { msat } from '../../engine/base/money.ts'
import type { JobId } from '../../engine/protocol/ids.ts'
import { hex, payment, NODE } from '../../engine/spending/journal.case.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { openLines } from './leave.ts'

const entry = (n: number, over: Partial<Entry> = {}): Entry => ({
  ...payment(n),
  state: 'inflight',
  fee: null,
  preimage: null,
  reason: null,
  late: false,
  final: false,
  at: payment(n).expiresAt,
  doneAt: null,
  wallet: null,
  ...over,
})
const lines = (...open: Entry[]): string[] => openLines(open, () => 'mira')

test('a top-up that is still on its way is named, and is nothing that somebody could pay again', () => {
  const topUp = entry(1, { purpose: 'topup', payee: NODE, msat: msat(100_000n) })
  expect(lines(topUp)).toEqual([
    '100 sat still on the way to the tab at mira: the next job there looks how that ended',
  ])
})

test('of another payment the end is to be looked for', () => {
  const job = entry(2, { purpose: 'job', payee: NODE, ref: hex<JobId>(3) })
  const other = entry(3, { purpose: 'other', payee: null })
  expect(lines(job)).toEqual([
    '1 payment is still under way; do not pay again',
    'fedai pay resolve',
  ])
  expect(lines(job, other)[0]).toStartWith('2 payments are')
  expect(lines()).toEqual([])
})
