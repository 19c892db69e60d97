import { expect, test } from 'bun:test'
import { sha256, toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import { msat } from '../../base/money.ts'
import type { BookedInvoice } from '../../metering/invoice-book-rows.ts'
import { decide, openBook } from '../../metering/invoice-book.ts'
import { jobId, paymentHash, preimage, pubKey } from '../../protocol/ids.ts'
import { newCounter } from '../counter.ts'
import { dropHold } from './holds.ts'
import type { NodeTurn } from './state.ts'
import type { Till } from './till.ts'

const now = unixMs(1_800_000_000_000)
const key = (byte: string) => pubKey(byte.repeat(32))
const [NODE, KEY, CLIENT, OTHER] = [key('01'), key('02'), key('03'), key('04')]
const [JOB, ANOTHER] = [jobId('05'.repeat(32)), jobId('06'.repeat(32))]

/** Money that waits for a job that is not here, heard of by a client. */
const waiting = () => {
  const secret = preimage('07'.repeat(32))
  const hash = paymentHash(toHex(sha256(Uint8Array.fromHex(secret))))
  const row: BookedInvoice = {
    hash,
    payee: NODE,
    payer: KEY,
    ref: JOB,
    seq: 1,
    purpose: 'job',
    msat: msat(5_000n),
    terms: '',
    bolt11: '',
    state: 'issued',
    received: null,
    preimage: secret,
    closing: null,
    expiresAt: unixMs(now + 60_000),
    at: now,
  }
  const book = openBook(NODE, [row], now)
  decide(book, { type: 'status', hash, state: 'accepted', received: msat(5_000n) }, now)
  const reach = new Map([[KEY, { link: 1, client: CLIENT }]])
  const till = { ...newCounter(book), book, reach } as never as Till
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
