import { expect, test } from 'bun:test'
import { decide } from './invoice-book.ts'
import { KEY, NOTHING, fresh, fund, hex, issue, start, told } from './invoice-book.case.ts'

// A payer that gives back what it asked for, before the wallet has made it.

const JOB = { ref: hex<string>(77), purpose: 'job', hold: true } as const
const OTHER = { ...JOB, ref: hex<string>(78) }
const drop = (book: ReturnType<typeof fresh>, ref: string = JOB.ref) =>
  decide(book, { type: 'unwanted', payer: KEY, ref }, start)

test('it is cancelled when the wallet has made it, and its payer hears nothing of it', () => {
  const book = fresh()
  const asked = fund(book, JOB)
  expect(drop(book)).toEqual(NOTHING)
  const made = issue(book, asked, 1)
  expect(told(made)).toEqual(['cancelHold 1'])
  // On the disk, so that a node that is started anew cancels it, too.
  expect(made.changes.at(-1)).toMatchObject({ do: 'put', row: { hash: hex(1), closing: 'cancel' } })
})

test('until then it counts: who gives back what is not made yet has no more made at once', () => {
  const book = fresh()
  const first = fund(book, JOB)
  fund(book, OTHER)
  drop(book)
  expect(told(fund(book, { ...JOB, ref: hex<string>(79) }))).toEqual(['refuse policy'])
  issue(book, first, 1)
  decide(book, { type: 'status', hash: hex(1), state: 'canceled', received: null }, start)
  expect(told(fund(book, { ...JOB, ref: hex<string>(79) }))).toEqual(['create 1'])
})

test('asked for again meanwhile it is the one that is given', () => {
  const book = fresh()
  const asked = fund(book, JOB)
  drop(book)
  expect(fund(book, JOB)).toEqual(NOTHING)
  expect(told(issue(book, asked, 1))).toEqual(['tell issued 1'])
})

test('what is not held, or not asked for, is not given back so', () => {
  const book = fresh()
  const asked = fund(book)
  expect([drop(book, KEY), drop(book)]).toEqual([NOTHING, NOTHING])
  expect(told(issue(book, asked, 1))).toEqual(['tell issued 1'])
})
