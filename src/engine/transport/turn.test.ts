import { expect, test } from 'bun:test'
import { linked } from './door-link.fixtures.ts'

test('what a link says first in a turn goes out at once, the rest together at its end, in order', async () => {
  const { link, calls } = linked()
  const other = linked(link.turn)
  await endOfTurn()
  calls.length = 0
  other.calls.length = 0
  for (const id of [1, 2, 3]) link.answer(id)
  other.link.answer(9)
  expect(calls).toEqual(['OK 1'])
  expect(other.calls).toEqual(['OK 9'])
  await endOfTurn()
  expect(calls).toEqual(['OK 1', '{', 'OK 2', 'OK 3', '}'])
  expect(other.calls).toEqual(['OK 9'])
  link.answer(4)
  expect(calls.at(-1)).toBe('OK 4')
})

test('what waits counts as unsent, and does not wait beyond what one call takes', async () => {
  const { link, calls, door } = linked()
  await endOfTurn()
  calls.length = 0
  link.answer(1)
  expect(door.unsent()).toBe(0)
  expect(door.frame(new Uint8Array(60_000))).toBe(true)
  expect([calls.length, door.unsent()]).toEqual([1, 60_000])
  expect(door.frame(new Uint8Array(6_000))).toBe(true)
  expect(calls).toEqual(['OK 1', '{', 'frame 60000', 'frame 6000', '}'])
  expect(door.unsent()).toBe(0)
})

test('a link that is closed says what waited before it hangs up; one that is gone says nothing', async () => {
  const closed = linked()
  const gone = linked()
  await endOfTurn()
  for (const { link, calls } of [closed, gone]) {
    calls.length = 0
    link.answer(1)
    link.answer(2)
  }
  closed.door.close('enough')
  gone.door.ended('code 1006')
  await endOfTurn()
  expect(closed.calls).toEqual(['OK 1', 'OK 2', 'close'])
  expect(gone.calls).toEqual(['OK 1'])
})

test('a peer that takes nothing more is cut off in the middle of what waited', async () => {
  const { link, calls, door, socket } = linked()
  await endOfTurn()
  calls.length = 0
  for (const id of [1, 2, 3]) link.answer(id)
  socket.takes = false
  await endOfTurn()
  expect(calls).toEqual(['OK 1', '{', 'OK 2', 'terminate', '}'])
  expect(door.frame(new Uint8Array(1))).toBe(false)
})

const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
