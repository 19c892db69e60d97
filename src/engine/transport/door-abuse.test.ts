import { afterEach, describe, expect, test } from 'bun:test'
import { KIB } from '../base/bounds.ts'
import { counter } from './counter.ts'
import { authEvent, closeAll, openDoor, raw } from './door.fixtures.ts'

afterEach(closeAll)

describe('abuse', () => {
  const malformed = [
    '',
    'x',
    '{}',
    '[]',
    '["EVENT"]',
    '["EVENT",1]',
    '["REQ"]',
    '["REQ","",{}]',
    '["COUNT","a",{}]',
    '["REQ",1,{}]',
    `["REQ","${'a'.repeat(65)}",{}]`,
    '['.repeat(1_000),
    '["AUTH",null]',
    '[null]',
    '["EVENT","a","b"]',
  ]
  test('each malformed message is answered by a NOTICE', async () => {
    const { address } = await openDoor()
    const peer = await raw(address)
    for (const text of malformed) peer.socket.send(text)
    const heard = (await peer.until(malformed.length + 1)).slice(1)
    expect(heard.map((it) => it[0])).toEqual(malformed.map(() => 'NOTICE'))
  })

  test('too many of them end the connection', async () => {
    const { address } = await openDoor()
    const peer = await raw(address)
    for (let i = 0; i < 30; i++) peer.socket.send('x')
    expect(await peer.closed).toEqual({ code: 1008, reason: 'too many bad messages' })
    expect(peer.heard.length).toBeLessThan(25)
  })

  test('so does a flood of REQs, and subscriptions are bounded', async () => {
    const { address } = await openDoor({ subscriptionsPerLink: 3 })
    const peer = await raw(address)
    for (let i = 0; i < 200; i++) peer.socket.send(JSON.stringify(['REQ', `s${i}`, { kinds: [1] }]))
    expect((await peer.closed).code).toBe(1008)
    const count = (label: string) => peer.heard.filter((it) => it[0] === label).length
    expect(count('EOSE')).toBe(3)
    expect(count('CLOSED')).toBeLessThan(80)
  })

  test('filters are bounded in number and shape', async () => {
    const { address } = await openDoor()
    const peer = await raw(address)
    const filters = (length: number) => Array.from({ length }, () => ({ kinds: [1] }))
    peer.socket.send(JSON.stringify(['REQ', 'edge', ...filters(10)]))
    expect((await peer.until(2)).splice(1)).toEqual([['EOSE', 'edge']])
    const bad = [filters(11), [{ kinds: 'x' }], [{ search: ['x'] }], [{ limit: -1 }], []]
    for (const some of bad) peer.socket.send(JSON.stringify(['REQ', 's', ...some]))
    const heard = (await peer.until(6)).slice(1)
    expect(heard.map((it) => it.slice(0, 2))).toEqual(bad.map(() => ['CLOSED', 's']))
  })

  test('a text that is too large, and a message that is larger still', async () => {
    const { address } = await openDoor()
    const [text, binary] = [await raw(address), await raw(address)]
    text.socket.send('x'.repeat(65 * KIB + 1))
    expect((await text.closed).code).toBe(1009)
    binary.socket.send(new Uint8Array(256 * KIB + 23))
    expect((await binary.closed).code).toBe(1009)
  })

  test('a frame of the largest size passes, one byte more does not', async () => {
    const { door, address } = await openDoor()
    const peer = await raw(address)
    peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge)]))
    await peer.until(2)
    peer.socket.send(new Uint8Array(256 * KIB + 22))
    peer.socket.send(new Uint8Array(256 * KIB + 23))
    expect((await peer.closed).code).toBe(1009)
    expect(door.frames.map((bytes) => bytes.length)).toEqual([256 * KIB + 22])
  })

  test('half-open connections, and those that say nothing, keep nobody out', async () => {
    const { address } = await openDoor()
    const port = Number(new URL(address).port)
    const open = (text: string) =>
      Bun.connect({
        hostname: '127.0.0.1',
        port,
        socket: { open: (socket) => void socket.write(text), data() {}, error() {} },
      })
    const texts = ['', 'GET / HTTP/1.1\r\nHost: x\r\n', 'GET / HTTP/1.1\r\nUpgrade: websocket\r\n']
    const half = await Promise.all(Array.from({ length: 150 }, (_, n) => open(texts[n % 3]!)))
    // They count for nothing until they shake hands; then they have 10 s to prove a key.
    const silent = await Promise.all(Array.from({ length: 50 }, () => raw(address)))
    const peer = await raw(address)
    peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge)]))
    expect((await peer.until(2))[1]!.slice(0, 1)).toEqual(['OK'])
    for (const socket of half) socket.end()
    for (const { socket } of silent) socket.close()
  })

  test('who takes nothing is cut off, at a bound', async () => {
    const { door, address } = await openDoor({ unsentPerLinkBytes: 512 * KIB })
    const peer = await raw(address)
    peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge)]))
    await peer.until(2)
    const pause = Reflect.get(peer.socket, 'pause')
    expect(typeof pause).toBe('function')
    Reflect.apply(pause, peer.socket, [])
    const link = door.links[0]!
    let taken = 0
    while (taken < 5_000 && link.frame(new Uint8Array(16 * KIB))) taken++
    expect(taken).toBeLessThan(5_000)
    expect(link.unsent()).toBeLessThanOrEqual(512 * KIB)
    link.close('enough')
    expect(link.unsent()).toBe(0)
  })
})

test('IPv6 counts by /64, mapped IPv4 as IPv4', () => {
  const keys = counter(1)
  expect(keys.add('2001:db8:1:2::1', 'a')).toBe(true)
  expect(keys.add('2001:db8:1:2:3:4:5:6', 'b')).toBe(false)
  expect(keys.add('2001:db8:1:3::1', 'b')).toBe(true)
  expect([keys.add('::ffff:10.0.0.1', 'a'), keys.add('10.0.0.1', 'b')]).toEqual([true, false])
  keys.remove('10.0.0.1', 'a')
  expect(keys.add('10.0.0.1', 'b')).toBe(true)
})

test('a key counts once, however many connections show it, until the last of them is gone', () => {
  const keys = counter(2)
  const add = (key: string): boolean => keys.add('10.0.0.1', key)
  for (let n = 0; n < 1_000; n++) expect(add('a')).toBe(true)
  expect([add('b'), add('c'), add('b')]).toEqual([true, false, true])
  for (let n = 0; n < 999; n++) keys.remove('10.0.0.1', 'a')
  // Nobody takes a place by leaving what he never had.
  keys.remove('10.0.0.1', 'c')
  keys.remove('10.0.0.2', 'a')
  expect(add('c')).toBe(false)
  keys.remove('10.0.0.1', 'a')
  expect([add('c'), add('a')]).toEqual([true, false])
})
