// Many connections of one address: bounded, and whoever says nothing keeps nobody out.
import { afterEach, describe, expect, test } from 'bun:test'
import { systemClock } from '../base/clock.ts'
import { seededRandom } from '../base/random.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { KINDS } from '../protocol/kinds.ts'
import { silentLog } from '../base/log.ts'
import { CROWDED, Crowd, crowdLog } from './crowd.ts'
import { dialSocket } from './dial.ts'
import { authEvent, closeAll, closing, openDoor, raw } from './door.fixtures.ts'
import { newKey, recorder } from './link.fixtures.ts'

afterEach(closeAll)

type Peer = Awaited<ReturnType<typeof raw>>

/** A connection that has proven a key. */
const known = async (address: string): Promise<Peer> => {
  const peer = await raw(address)
  peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge)]))
  expect((await peer.until(2))[1]![2]).toBe(true)
  return peer
}

const open = ({ socket }: Peer): boolean => socket.readyState === WebSocket.OPEN

/** Dials until a link stands, or fails once. */
const dial = async (address: string): Promise<string> => {
  const told = Promise.withResolvers<string>()
  const { owner } = recorder()
  const dialled = dialSocket(
    address,
    {
      signer: newKey(),
      onTrouble: ({ kind, code, message, hint }) =>
        told.resolve([kind, code, message, hint].join(' | ')),
    },
    { ...owner, authenticated: () => told.resolve('stands') },
    { clock: systemClock, random: seededRandom(1) },
  )
  closing.push(() => dialled.close())
  return told.promise
}

type Mute = { socket: Bun.Socket; ends: string[] }

/** A WebSocket that answers nothing, not even a close. */
const mute = async (address: string): Promise<Mute> => {
  const { port } = new URL(address)
  const ends: string[] = []
  const gone = () => void ends.push('gone')
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: Number(port),
    allowHalfOpen: true,
    socket: { data() {}, end() {}, close: gone, error: gone },
  })
  socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  return { socket, ends }
}

/** Whether the door has closed it to both sides: then a byte is answered with a reset. */
const isGone = async ({ socket, ends }: Mute): Promise<boolean> => {
  for (let i = 0; i < 20 && ends.length === 0; i++) {
    socket.write('x')
    await Bun.sleep(5)
  }
  return ends.length > 0
}

describe('more connections of one address than it may have', () => {
  test('at the edge nobody goes; one beyond it the oldest that has shown no key', async () => {
    const { address } = await openDoor({ keysPerAddress: 2 })
    const first = await known(address)
    const [a, b, c] = [await raw(address), await raw(address), await raw(address)]
    await Bun.sleep(5)
    expect([first, a, b, c].map(open)).toEqual([true, true, true, true])
    const d = await raw(address)
    expect((await a.closed).code).toBe(1006)
    expect(a.heard.at(-1)).toEqual(['NOTICE', 'too many connections from your address'])
    expect([first, b, c, d].map(open)).toEqual([true, true, true, true])
  })

  test('a hundred that say nothing, or only read, keep nobody out', async () => {
    const { address } = await openDoor()
    const silent: Peer[] = []
    for (let i = 0; i < 100; i++) silent.push(await raw(address))
    for (const { socket } of silent)
      socket.send(JSON.stringify(['REQ', 'r', { kinds: [KINDS.manifest] }]))
    expect(await dial(address)).toBe('stands')
    await Bun.sleep(5)
    expect(silent.filter(open).length).toBe(63)
  })

  test('who has shown a key is never closed for another, and is bounded by the keys', async () => {
    const { address } = await openDoor({ keysPerAddress: 2 })
    const two = [await known(address), await known(address)]
    for (let i = 0; i < 20; i++) await raw(address)
    expect(two.map(open)).toEqual([true, true])
    expect(await dial(address)).toStartWith('again | dial.crowded | ')
  })

  test('one that is told to go and does not answer is gone all the same', async () => {
    const { address } = await openDoor({ keysPerAddress: 1 })
    const one = await mute(address)
    await Bun.sleep(5)
    await raw(address)
    await raw(address)
    expect(await isGone(one)).toBe(true)
  })

  test('nobody keeps more sockets than that by being hung up on and not answering', async () => {
    const { address } = await openDoor()
    const all: Mute[] = []
    for (let i = 0; i < 80; i++) {
      const one = await mute(address)
      // A frame of no job, before any key: masked, of one byte.
      one.socket.write(Uint8Array.of(0x82, 0x81, 0, 0, 0, 0, 1))
      all.push(one)
    }
    await Bun.sleep(5)
    const gone = await Promise.all(all.map(isGone))
    // Some of which it has said goodbye to still have their sockets; it has waited less than a second.
    const left = gone.filter((it) => !it).length
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(70)
  })
})

test('who makes way before it has shown its key is told so', async () => {
  const door = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, it) => (it.upgrade(request) ? undefined : new Response('')),
    websocket: {
      open: (ws) => {
        ws.send(JSON.stringify(['NOTICE', CROWDED]))
        ws.terminate()
      },
      message() {},
    },
  })
  closing.push(() => door.stop(true))
  expect(await dial(`ws://127.0.0.1:${door.port}`)).toStartWith('again | dial.crowded | ')
})

test('a door that refuses for the number of connections is not called absent', async () => {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response('', { status: 429 }),
  })
  closing.push(() => server.stop(true))
  const told = await dial(`ws://127.0.0.1:${server.port}`)
  expect(told).toBe(
    `again | dial.crowded | ws://127.0.0.1:${server.port} takes no more connections from your address | ` +
      'end other programs on this machine or in this network that are connected to it, or try again in a minute',
  )
})

describe('a crowd', () => {
  test('refuses where all have shown a key; who left makes room, by /64', () => {
    const told: string[] = []
    const crowd = new Crowd(2, (address) => void told.push(address))
    const guest = { isKnown: () => true, makeWay: () => expect.unreachable() }
    const enter = (address: string): boolean => {
      const isIn = crowd.enter(address)
      if (isIn) crowd.arrived(address, guest)
      return isIn
    }
    expect([1, 2, 3].map((n) => enter(`2001:db8::${n}`))).toEqual([true, true, false])
    expect(told).toEqual(['2001:db8::3'])
    expect(enter('2001:db8:0:1::1')).toBe(true)
    crowd.left('2001:db8::1', guest)
    expect(enter('2001:db8::9')).toBe(true)
  })

  test('is told of once a minute, with how often it was', async () => {
    const lines: unknown[] = []
    const clock = virtualClock()
    const log = { ...silentLog, warn: (...line: unknown[]) => void lines.push(line) }
    const crowded = crowdLog(log, clock)
    const minute = async (times: number, ms: number) => {
      for (let i = 0; i < times; i++) crowded('127.0.0.1')
      await clock.advance(ms)
    }
    await minute(1_000, 59_999)
    await minute(5, 1)
    await minute(1, 0)
    expect(lines).toEqual([
      ['door.crowded', { address: '127.0.0.1', count: 1 }],
      ['door.crowded', { address: '127.0.0.1', count: 1_005 }],
    ])
  })
})
