// A command that ends: what it pays in the background is paid, or not begun.
import { expect, test } from 'bun:test'
import type { Payment } from '../../payments/payer.ts'
import { SETTLED } from '../../spending/journal.case.ts'
import { scene } from './purse.case.ts'

const never = () => new Promise<never>(() => {})
const wallet = () => {
  const end = Promise.withResolvers<Payment>()
  return { end: () => end.resolve(SETTLED as Payment), pay: () => end.promise }
}

test('what is wanted of a purse that closes is not begun: nothing of it is written, and nothing sent', async () => {
  const it = scene()
  const closing = it.purse.close()
  expect(await it.pay(1)).toBe('purse.closed')
  await closing
  expect([it.paid, it.store.payments(10), it.codes()]).toEqual([[], [], []])
})

test('what was begun is waited for by who has the patience, and is in the books then', async () => {
  const { pay, end } = wallet()
  const it = scene({ pay })
  const paying = it.pay(1)
  let isClosed = false
  const closing = it.purse.close((over) => over).then(() => (isClosed = true))
  await it.clock.advance(5_000)
  expect([isClosed, it.paid.length]).toEqual([false, 1])
  end()
  await closing
  expect(await paying).toBe('settled')
  expect(it.store.payments(10)).toMatchObject([{ state: 'settled' }])
  expect(it.purse.open()).toEqual([])
})

test('whoever has none leaves it: the next process asks how it ended', async () => {
  const it = scene(wallet())
  void it.pay(1)
  await it.purse.close()
  expect(it.purse.open()).toMatchObject([{ state: 'intent' }])
  const next = scene({ payStatus: async () => SETTLED as Payment }, {}, it.store)
  expect(await next.purse.resolve()).toEqual([])
})

test('what is held is not waited for: its payee decides when that ends', async () => {
  const it = scene({ pay: never })
  void it.pay(1, { hold: true })
  await it.purse.close((over) => over)
  expect(it.purse.open()).toHaveLength(1)
})

test('a ledger that takes nothing more ends the waiting', async () => {
  const { pay, end } = wallet()
  let isFull = false
  const shared = scene().store
  const write: typeof shared.write = (changes) =>
    isFull ? Promise.reject(new Error('full')) : shared.write(changes)
  const it = scene({ pay }, { write }, shared)
  const paying = it.pay(1)
  const closing = it.purse.close((over) => over)
  await it.clock.advance(1)
  isFull = true
  end()
  await closing
  expect(await paying).toBe('bug.unforeseen')
  expect(it.faults).toHaveLength(1)
})
