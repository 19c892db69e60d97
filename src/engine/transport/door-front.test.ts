// What stands before a door: a proxy that is believed, or TLS of its own.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasOpenssl, makeCertificate } from '../../../test/fakes/certificate.ts'
import { silentLog } from '../base/log.ts'
import { isPrivateAddress } from './addresses.ts'
import { authEvent, closeAll, closing, openDoor, raw } from './door.fixtures.ts'
import { isOutsider } from './door.ts'
import { peerOf } from './peer.ts'
import { type Tls, checkTls, namesOf } from './tls.ts'

afterEach(closeAll)

describe('a proxy', () => {
  /** A connection with these headers: how it begins, and by which code it has ended. */
  const connect = async (address: string, headers: Record<string, string>) => {
    const socket = new WebSocket(address, { headers })
    closing.push(() => socket.close())
    const it = { begins: '', ended: 0 }
    socket.addEventListener('close', ({ code }) => (it.ended = code))
    it.begins = await new Promise<string>((resolve) => {
      socket.addEventListener('message', ({ data }) => resolve(JSON.parse(String(data))[0]))
      socket.addEventListener('error', () => resolve('refused'))
    })
    return it
  }
  const MADE_WAY = 1006
  /** One more than an address may have: its first makes way. */
  const fill = async (address: string, headers: Record<string, string>) => {
    const all = []
    for (const _ of [1, 2, 3]) all.push(await connect(address, headers))
    await Bun.sleep(5)
    expect(all.map((it) => it.ended)).toEqual([MADE_WAY, 0, 0])
    return all.slice(1)
  }

  test('that is named: its clients are told apart', async () => {
    const { address } = await openDoor({ keysPerAddress: 1 }, { trustedProxies: ['127.0.0.1'] })
    const seven = await fill(address, { 'x-forwarded-for': '203.0.113.7' })
    await fill(address, { forwarded: 'for=203.0.113.8' })
    expect(seven.map((it) => it.ended)).toEqual([0, 0])
    // Whoever writes other hops before his own is the same one still.
    await connect(address, { 'x-forwarded-for': '9.9.9.9, 203.0.113.7' })
    await Bun.sleep(5)
    expect(seven.map((it) => it.ended)).toEqual([MADE_WAY, 0])
    const both = { forwarded: 'for=203.0.113.9', 'x-forwarded-for': '203.0.113.10' }
    expect((await connect(address, both)).begins).toBe('refused')
  })

  test('that is named and says of nobody who it is: nobody is local, and it is told once', async () => {
    const told: unknown[] = []
    const log = { ...silentLog, warn: (...line: unknown[]) => void told.push(line) }
    const { address, door } = await openDoor(
      { keysPerAddress: 1 },
      { trustedProxies: ['127.0.0.1'] },
      log,
    )
    const peer = await raw(address)
    peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge)]))
    await peer.until(2)
    expect(door.links.map((it) => isPrivateAddress(it.address))).toEqual([false])
    const unknown = await connect(address, { 'x-forwarded-for': 'unknown' })
    await connect(address, {})
    await Bun.sleep(5)
    expect(unknown).toEqual({ begins: 'AUTH', ended: MADE_WAY })
    expect(told).toEqual([
      ['proxy.unnamed_peer', { proxy: '127.0.0.1' }],
      ['door.crowded', { address: 'unknown', count: 1 }],
    ])
  })

  test('that is not named: what it says is nobody’s', async () => {
    const { address } = await openDoor({ keysPerAddress: 1 }, { trustedProxies: ['10.0.0.0/8'] })
    const two = await fill(address, { 'x-forwarded-for': '203.0.113.7' })
    await connect(address, { 'x-forwarded-for': '203.0.113.8' })
    await Bun.sleep(5)
    expect(two.map((it) => it.ended)).toEqual([MADE_WAY, 0])
  })
})

test('without TLS nobody comes in from the public internet but through a proxy that is named', () => {
  const whose = peerOf(['10.0.0.1', '198.51.100.1'])
  const outsider = (address: string, headers = {}): boolean =>
    isOutsider(address, whose(address, new Headers(headers))!)
  const hop = { 'x-forwarded-for': '8.8.8.8' }
  for (const address of ['8.8.8.8', '::ffff:8.8.8.8', '2606:4700::1'])
    for (const headers of [{}, hop])
      expect([address, outsider(address, headers)]).toEqual([address, true])
  for (const address of ['127.0.0.1', '::1', '192.168.1.5', '10.0.0.1', 'fd00::1'])
    expect([address, outsider(address, hop)]).toEqual([address, false])
  expect(outsider('198.51.100.1', hop)).toBe(false)
})

describe.skipIf(!hasOpenssl)('TLS', () => {
  let folder = ''
  let tls: Tls
  let other: Tls
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fedai-tls-'))
    tls = makeCertificate(folder, 'one')
    other = makeCertificate(folder, 'two')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const now = Date.now()
  const fault = (code: string) => expect.objectContaining({ kind: 'config', code })

  test('a certificate and its own key, as long as it holds', () => {
    checkTls(tls, now)
    expect(() => checkTls({ cert: tls.cert, key: other.key }, now)).toThrow(fault('tls.key'))
    expect(() => checkTls(tls, now + 3 * 86_400_000)).toThrow(fault('tls.expired'))
    expect(() => checkTls({ cert: 'x', key: tls.key }, now)).toThrow(fault('tls.certificate'))
    expect(() => checkTls({ cert: tls.cert, key: tls.cert }, now)).toThrow(fault('tls.key'))
    expect(() => checkTls({ cert: tls.cert, key: '' }, now)).toThrow(fault('tls.key'))
  })

  test('its names are those of the door, but no wildcard', () =>
    expect(namesOf(tls)).toEqual(['localhost', 'router.example.com']))

  test('another certificate: those who come get it, those who are there stay', async () => {
    const { address, listening } = await openDoor({}, { tls })
    expect(address).toStartWith('wss://127.0.0.1:')
    const before = await raw(address, { tls: { ca: tls.cert } })
    listening.renew!(other)
    const after = await raw(address, { tls: { ca: other.cert } })
    for (const peer of [before, after]) {
      peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge)]))
      expect((await peer.until(2))[1]).toMatchObject(['OK', expect.any(String), true, ''])
    }
    expect(() => listening.renew!({ cert: tls.cert, key: other.key })).toThrow(fault('tls.key'))
    await raw(address, { tls: { ca: other.cert } })
    await listening.close()
    expect((await before.closed).code).not.toBe(1000)
  })

  test('a door without it has none to renew', async () => {
    expect((await openDoor()).listening.renew).toBeUndefined()
  })
})
