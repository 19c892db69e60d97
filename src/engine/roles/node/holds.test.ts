import { expect, test } from 'bun:test'
import { Deadlines } from '../../base/deadlines.ts'
import { msat } from '../../base/money.ts'
import { decide, openBook } from '../../metering/invoice-book.ts'
import { jobId, pubKey } from '../../protocol/ids.ts'
import { newCounter } from '../counter.ts'
import { JOB, KEY, NODE, hash, now, row } from './hold.case.ts'
import { dropHold } from './holds.ts'
import type { NodeTurn } from './state.ts'
import type { Till } from './till.ts'

const [CLIENT, OTHER] = [pubKey('03'.repeat(32)), pubKey('0a'.repeat(32))]
const ANOTHER = jobId('07'.repeat(32))

/** Money that waits for a job that is not here, heard of by a client. */
const waiting = () => {
  const book = openBook(NODE, [row()], now)
  decide(book, { type: 'status', hash, state: 'accepted', received: msat(5_000n) }, now)
  const heard = new Map([[`${KEY} ${JOB}`, { link: 1, client: CLIENT }]])
  const till = { ...newCounter(book), book, heard } as never as Till
  const state = { till, jobs: new Map(), deadlines: new Deadlines() }
  const turn = { state, now, effects: [] } as never as NodeTurn
  return {
    closingAfter: (job: typeof JOB, client: typeof KEY) => {
      dropHold(turn, job, client)
      return book.invoices.get(hash)!.closing
    },
  }
}

test('money that waits goes back at the word of the client whose job it is for, and of nobody else', () => {
  const it = waiting()
  expect(it.closingAfter(JOB, OTHER)).toBeNull()
  expect(it.closingAfter(JOB, KEY)).toBeNull()
  expect(it.closingAfter(ANOTHER, CLIENT)).toBeNull()
  expect(it.closingAfter(JOB, CLIENT)).toBe('cancel')
})
