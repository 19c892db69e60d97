import { afterEach, describe, expect, test } from 'bun:test'
import type { Event } from 'nostr-tools'
import { finalizeEvent, generateSecretKey } from 'nostr-tools/pure'
import { Relay } from 'nostr-tools/relay'
import { KIB } from '../base/bounds.ts'
import { unixMs } from '../base/clock.ts'
import { draftOf } from '../protocol/draft.ts'
import type { PubKey } from '../protocol/ids.ts'
import { KINDS } from '../protocol/kinds.ts'
import { authEvent, closeAll, closing, manifest, openDoor, raw, router } from './door.fixtures.ts'

afterEach(closeAll)

describe('a strange Nostr client (nostr-tools)', () => {
  test('reads public events, by kind and by id, without AUTH', async () => {
    const { address } = await openDoor()
    const relay = await Relay.connect(address)
    closing.push(() => relay.close())
    const read = (filter: { kinds?: number[]; ids?: string[] }) =>
      new Promise<string[]>((resolve) => {
        const ids: string[] = []
        relay.subscribe([filter], {
          onevent: (it) => void ids.push(it.id),
          oneose: () => resolve(ids),
        })
      })
    expect(await read({ kinds: [KINDS.manifest] })).toEqual([manifest.id])
    expect(await read({ ids: [manifest.id] })).toEqual([manifest.id])
    expect(await read({ ids: ['0'.repeat(64)] })).toEqual([])
    expect(await read({ kinds: [1] })).toEqual([])
  })

  test('authenticates, publishes, and gets what is addressed to it', async () => {
    const { door, address } = await openDoor()
    const secret = generateSecretKey()
    const relay = await Relay.connect(address)
    closing.push(() => relay.close())
    door.onEvent((link, text) => link.answer(JSON.parse(text).id, true, ''))
    for (let i = 0; i < 100 && !Reflect.get(relay, 'challenge'); i++) await Bun.sleep(1)
    await relay.auth(async (template) => finalizeEvent(template, secret))
    expect(door.seen).toEqual(['authenticated'])
    const key = door.proofs[0]!.key
    const event = finalizeEvent(
      { kind: KINDS.ask, created_at: 1, tags: [], content: 'é"\\' },
      secret,
    )
    await relay.publish(event)
    expect(JSON.parse(door.texts[0]!).id).toBe(event.id)
    const came = new Promise<string>((resolve) => {
      const onevent = (it: Event) => resolve(it.id)
      relay.subscribe([{ kinds: [KINDS.quota], '#p': [key] }], { onevent })
    })
    const quota = router.sign(
      draftOf(
        'quota',
        { probation: true, asks_per_second: 1, open_jobs: 1, held_tickets: 1 },
        { now: unixMs(Date.now()), net: 'sim', to: key },
      ),
    )
    expect(await door.links[0]!.send({ event: quota })).toEqual({ state: 'delivered' })
    expect(await came).toBe(quota.id)
  })

  test('is told about the door (NIP-11), and people get a line', async () => {
    const { address } = await openDoor({ subscriptionsPerLink: 7 })
    const url = address.replace('ws:', 'http:')
    const document = await fetch(url, { headers: { accept: 'application/nostr+json' } })
    expect(document.headers.get('access-control-allow-origin')).toBe('*')
    expect(await document.json()).toMatchObject({
      pubkey: router.pubkey,
      supported_nips: [1, 11, 42],
      limitation: { max_subscriptions: 7, max_message_length: 65 * KIB },
    })
    expect((await (await fetch(url)).text()).split('\n').length).toBe(2)
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  })
})

describe('AUTH', () => {
  const other = 'ws://router.example.com/'
  const cases: [string, (address: string, challenge: string) => unknown, RegExp | true][] = [
    ['a good one', (a, c) => authEvent(a, c), true],
    ['a trailing slash', (a, c) => authEvent(`${a}/`, c), true],
    ['another local name', (a, c) => authEvent(a.replace('127.0.0.1', 'localhost'), c), true],
    ['a name that it was given', (_, c) => authEvent('wss://door.example.com', c), true],
    ['another door', (_, c) => authEvent(other, c), /^restricted: .*router.example.com/],
    ['another port here', (_, c) => authEvent('ws://127.0.0.1:9', c), /^restricted/],
    ['another challenge', (a) => authEvent(a, 'x'), /challenge/],
    [
      'old',
      (a, c) => authEvent(a, c, { created_at: Math.floor(Date.now() / 1000) - 700 }),
      /clock/,
    ],
    ['of another kind', (a, c) => authEvent(a, c, { kind: 1 }), /^invalid/],
    ['a changed one', (a, c) => ({ ...authEvent(a, c), content: 'x' }), /hash/],
    ['a forged one', (a, c) => ({ ...authEvent(a, c), sig: '0'.repeat(128) }), /signature/],
  ]
  for (const [what, make, expected] of cases)
    test(what, async () => {
      const { door, address } = await openDoor({}, { names: ['door.example.com'] })
      const peer = await raw(address)
      peer.socket.send(JSON.stringify(['AUTH', make(address, peer.challenge)]))
      const ok = (await peer.until(2))[1]!
      expect([ok[0], ok[2]]).toEqual(['OK', expected === true])
      if (expected !== true) expect(String(ok[3])).toMatch(expected)
      expect(door.seen).toEqual(expected === true ? ['authenticated'] : [])
    })

  test('it says by how much a clock is off', async () => {
    for (const seconds of [-300, 0, 20]) {
      const { door, address } = await openDoor()
      const peer = await raw(address)
      const created_at = Math.floor(Date.now() / 1000) + seconds
      peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge, { created_at })]))
      await peer.until(2)
      expect(Math.abs(door.links[0]!.aheadMs! - seconds * 1_000)).toBeLessThanOrEqual(1_000)
    }
  })

  test('several keys on one connection, up to a bound; one that is proven again is told again', async () => {
    const { door, address } = await openDoor()
    const peer = await raw(address)
    const events = Array.from({ length: 9 }, () => authEvent(address, peer.challenge))
    for (const event of [events[0], ...events]) peer.socket.send(JSON.stringify(['AUTH', event]))
    const oks = (await peer.until(11)).slice(1).map((it) => it[2])
    expect(oks).toEqual([...Array(9).fill(true), false])
    expect(door.proofs.map((it) => it.key)).toEqual(
      [events[0]!, ...events.slice(0, 8)].map((it) => it.pubkey as PubKey),
    )
  })

  test('keys of one address are bounded, and freed at the end', async () => {
    const { address } = await openDoor({ keysPerAddress: 1 })
    const enter = async () => {
      const peer = await raw(address)
      peer.socket.send(JSON.stringify(['AUTH', authEvent(address, peer.challenge)]))
      return { peer, accepted: (await peer.until(2))[1]![2] }
    }
    const first = await enter()
    expect([first.accepted, (await enter()).accepted]).toEqual([true, false])
    first.peer.socket.close()
    await first.peer.closed
    await Bun.sleep(5)
    expect((await enter()).accepted).toBe(true)
  })

  test('who proves nothing and asks for nothing is closed; a reader stays', async () => {
    const { address } = await openDoor({ authMs: 30 })
    const [idle, reader] = [await raw(address), await raw(address)]
    reader.socket.send(JSON.stringify(['REQ', 'a', { kinds: [KINDS.manifest] }]))
    expect(await idle.closed).toEqual({ code: 1008, reason: 'no AUTH came' })
    await Bun.sleep(20)
    expect(reader.socket.readyState).toBe(WebSocket.OPEN)
  })
})

describe('before AUTH', () => {
  const p = 'a'.repeat(64)
  const cases: [string, unknown[], unknown[]][] = [
    ['events', ['EVENT', { id: p }], ['OK', p, false]],
    ['messages of somebody', ['REQ', 's', { kinds: [KINDS.offers], '#p': [p] }], ['CLOSED', 's']],
    ['messages of everybody', ['REQ', 's', { kinds: [KINDS.receipt] }], ['CLOSED', 's']],
    ['anything to a key', ['REQ', 's', { '#p': [p] }], ['CLOSED', 's']],
  ]
  for (const [what, message, answer] of cases)
    test(`no ${what}`, async () => {
      const { door, address } = await openDoor()
      const peer = await raw(address)
      peer.socket.send(JSON.stringify(message))
      const heard = (await peer.until(2))[1]!
      expect(heard.slice(0, -1)).toEqual(answer)
      expect(String(heard.at(-1))).toStartWith('auth-required:')
      expect(door.seen).toEqual([])
    })

  test('frames end the connection', async () => {
    const { door, address } = await openDoor()
    const peer = await raw(address)
    peer.socket.send(crypto.getRandomValues(new Uint8Array(100)))
    expect((await peer.closed).code).toBe(1008)
    expect(door.seen).toEqual([])
  })
})

test("another key's messages stay closed after AUTH", async () => {
  const { address } = await openDoor()
  const peer = await raw(address)
  const event = authEvent(address, peer.challenge)
  peer.socket.send(JSON.stringify(['AUTH', event]))
  const other = 'b'.repeat(64)
  peer.socket.send(
    JSON.stringify(['REQ', 's', { kinds: [KINDS.offers], '#p': [event.pubkey, other] }]),
  )
  peer.socket.send(JSON.stringify(['REQ', 't', { kinds: [KINDS.offers] }]))
  peer.socket.send(JSON.stringify(['REQ', 'u', { kinds: [KINDS.offers], '#p': [event.pubkey] }]))
  const heard = (await peer.until(5)).slice(2)
  expect(heard.map((it) => it.slice(0, 2))).toEqual([
    ['CLOSED', 's'],
    ['CLOSED', 't'],
    ['EOSE', 'u'],
  ])
  expect(String(heard[0]![2])).toStartWith('restricted:')
})
