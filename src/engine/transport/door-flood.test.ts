import { afterEach, expect, test } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import type { EventId } from '../protocol/ids.ts'
import { Allowance } from './allowance.ts'
import { authEvent, closeAll, openDoor, raw } from './door.fixtures.ts'

afterEach(closeAll)

const bounds = { eventsBurst: 40, eventsPerSecond: 1 }
const textOf = (n: number): string => `["EVENT",{"id":"${n.toString(16).padStart(64, '0')}"}]`

const proven = async () => {
  const { door, address } = await openDoor(bounds)
  const peer = await raw(address)
  peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge)]))
  await peer.until(2)
  return { door, peer, link: door.links[0]! }
}

test('events beyond the rate reach nobody, are answered, and end the link', async () => {
  const { door, peer } = await proven()
  for (let n = 0; n < 1_000; n++) peer.socket.send(textOf(n))
  expect((await peer.closed).code).toBe(1008)
  expect(door.texts.length).toBeGreaterThanOrEqual(40)
  expect(door.texts.length).toBeLessThan(60)
  const answers = peer.heard.slice(2)
  expect(answers.length).toBeLessThanOrEqual(21)
  expect(answers[0]!.slice(2)).toEqual([false, 'rate-limited: too many events'])
})

test('whose events are taken may send many more, answered or not; a yes alone takes none', async () => {
  for (const [taken, reaches] of [
    [true, 200],
    [false, 40],
  ] as const) {
    const { door, peer } = await proven()
    let n = 0
    door.onEvent((link) => {
      if (taken) link.taken()
      link.answer((n++).toString(16).padStart(64, '0') as EventId, true, '')
    })
    for (let i = 0; i < 200; i++) peer.socket.send(textOf(i))
    await peer.until(2 + Math.min(200, reaches + 15))
    expect(door.texts.length).toBeGreaterThanOrEqual(reaches)
    expect(door.texts.length).toBeLessThan(reaches + 20)
  }
})

test('twenty offences that the owner saw end the link', async () => {
  const { peer, link } = await proven()
  for (let i = 0; i < 20; i++) link.offend()
  await Bun.sleep(5)
  expect(peer.socket.readyState).toBe(WebSocket.OPEN)
  link.offend()
  expect(await peer.closed).toEqual({ code: 1008, reason: 'too many bad messages' })
})

test('what was used up comes back with time, and offences are forgiven slowly', async () => {
  const clock = virtualClock(unixMs(1_000_000))
  const allowance = new Allowance(clock, { ...bounds, strayBytesPerSecond: 100 })
  const count = (take: () => boolean) => {
    let n = 0
    while (take()) n++
    return n
  }
  const all = () => [
    count(() => allowance.event()),
    count(() => allowance.message()),
    count(() => allowance.offend()),
  ]
  expect(all()).toEqual([40, 60, 20])
  expect(all()).toEqual([0, 0, 0])
  await clock.advance(2_000)
  expect(all()).toEqual([2, 40, 0])
  await clock.advance(60_000)
  expect(all()).toEqual([40, 60, 1])
})

test('bytes of no job: five seconds of them at once, then a rate; what was a job’s after all comes back', async () => {
  const clock = virtualClock(unixMs(1_000_000))
  const allowance = new Allowance(clock, { ...bounds, strayBytesPerSecond: 100 })
  expect([allowance.stray(500), allowance.stray(1)]).toEqual([true, false])
  allowance.stray(-20)
  expect([allowance.stray(20), allowance.stray(1)]).toEqual([true, false])
  await clock.advance(1_000)
  expect([allowance.stray(101), allowance.stray(100)]).toEqual([false, true])
})
