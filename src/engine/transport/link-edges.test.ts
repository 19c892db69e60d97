// The times and the bound of a link, at their edge and one beyond, by a virtual clock and sockets that only write down.
import { expect, test } from 'bun:test'
import { BOUNDS } from '../base/bounds.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { DialLink } from './dial-link.ts'
import { linked } from './door-link.fixtures.ts'
import { newKey, recorder } from './link.fixtures.ts'

class FakeSocket extends EventTarget {
  readyState: number = WebSocket.CONNECTING
  bufferedAmount = 0
  sent: unknown[][] = []
  pings = 0
  send(text: string | Uint8Array): void {
    if (typeof text === 'string') this.sent.push(JSON.parse(text))
  }
  close(): void {
    this.readyState = WebSocket.CLOSING
  }
  terminate(): void {}
  ping(): void {
    this.pings++
  }
  hear(...elements: unknown[]): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(elements) }))
  }
  /** The whole way to a link that stands. */
  open(): void {
    this.readyState = WebSocket.OPEN
    this.dispatchEvent(new Event('open'))
  }
  prove(): void {
    this.hear('AUTH', '0'.repeat(32))
    this.hear('OK', (this.sent.at(-1)![1] as { id: string }).id, true, '')
    this.hear('EOSE', this.sent.at(-1)![1])
  }
}

const dialled = () => {
  const clock = virtualClock()
  const socket = new FakeSocket()
  const ends: string[] = []
  const seams = {
    signer: newKey(),
    clock,
    bounds: BOUNDS,
    ended: (what: string) => void ends.push(what),
  }
  const link = new DialLink(socket as never, 'ws://127.0.0.1:1', recorder().owner, seams)
  return { clock, socket, ends, link }
}

test('who dials waits so long for a handshake, and so long for AUTH', async () => {
  const { clock, ends } = dialled()
  await clock.advance(BOUNDS.handshakeMs - 1)
  expect(ends).toEqual([])
  await clock.advance(1)
  expect(ends).toEqual(['unreachable'])
  const next = dialled()
  next.socket.open()
  await next.clock.advance(BOUNDS.authMs - 1)
  expect(next.ends).toEqual([])
  await next.clock.advance(1)
  expect(next.ends).toEqual(['silent'])
})

test('it asks whether the door is there after so long, and gives it so long to answer', async () => {
  const { clock, socket, ends } = dialled()
  socket.open()
  socket.prove()
  await clock.advance(BOUNDS.pingMs - 1)
  expect(socket.pings).toBe(0)
  await clock.advance(1)
  expect(socket.pings).toBe(1)
  await clock.advance(BOUNDS.linkLostMs - 1)
  socket.dispatchEvent(new Event('pong'))
  await clock.advance(1)
  expect(ends).toEqual([])
  await clock.advance(BOUNDS.pingMs + BOUNDS.linkLostMs - 1)
  expect([socket.pings, ends]).toEqual([2, []])
  await clock.advance(1)
  expect(ends).toEqual(['closed'])
})

test('a door waits so long for a key', async () => {
  const { clock, calls } = linked()
  await clock.advance(BOUNDS.authMs - 1)
  expect(calls).not.toContain('close')
  await clock.advance(1)
  expect(calls).toContain('close')
})

test('so much may be unsent on a link, at either end', () => {
  const most = BOUNDS.unsentPerLinkBytes
  const { door, socket } = linked()
  socket.buffered = most - 100
  expect([door.frame(new Uint8Array(101)), door.frame(new Uint8Array(100))]).toEqual([false, true])
  const near = dialled()
  near.socket.open()
  near.socket.prove()
  near.socket.bufferedAmount = most - 100
  expect([101, 100].map((n) => near.link.frame(new Uint8Array(n)))).toEqual([false, true])
})
