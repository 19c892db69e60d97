import { afterEach, describe, expect, test } from 'bun:test'
import type { ServerWebSocket } from 'bun'
import type { Bounds } from '../base/bounds.ts'
import { systemClock } from '../base/clock.ts'
import { isFault } from '../base/fault.ts'
import { seededRandom } from '../base/random.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import type { EventId } from '../protocol/ids.ts'
import { Answers } from './answers.ts'
import { keepTrying, waitMs } from './backoff.ts'
import { checkAddress, dialSocket } from './dial.ts'
import { newKey, recorder } from './link.fixtures.ts'
import { trouble } from './trouble.ts'

const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0).toReversed()) close()
})

/** A door that misbehaves: says AUTH at once where `challenge`, then hands each message to `answer`. */
const badDoor = (
  answer: (ws: ServerWebSocket, message: unknown[]) => void,
  challenge = true,
): string => {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, it) => (it.upgrade(request) ? undefined : new Response('')),
    websocket: {
      open: (ws) => void (challenge && ws.send('["AUTH","c"]')),
      message: (ws, message) => answer(ws, JSON.parse(String(message))),
    },
  })
  closing.push(() => server.stop(true))
  return `ws://127.0.0.1:${server.port}`
}

const welcome = (ws: ServerWebSocket, [label, it]: unknown[]): void => {
  if (label === 'AUTH') ws.send(JSON.stringify(['OK', Reflect.get(Object(it), 'id'), true, '']))
  if (label === 'REQ') ws.send(JSON.stringify(['EOSE', it]))
}

/** Dials and tells the first trouble. */
const troubleWith = (address: string, bounds: Partial<Bounds> = {}) => {
  const dial = recorder()
  const first = Promise.withResolvers<string>()
  const dialled = dialSocket(
    address,
    { signer: newKey(), bounds, onTrouble: (it) => first.resolve(`${it.code} | ${it.message}`) },
    dial.owner,
    { clock: systemClock, random: seededRandom(1) },
  )
  closing.push(() => dialled.close())
  return { first: first.promise, dial }
}

describe('a door that misbehaves', () => {
  test('one that never answers the handshake', async () => {
    const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    closing.push(() => listener.stop(true))
    const { first } = troubleWith(`ws://127.0.0.1:${listener.port}`, { handshakeMs: 30 })
    expect(await first).toMatch(/^dial.unreachable .*no handshake within 30 ms/)
  })

  test('one that never asks for a proof', async () => {
    const { first, dial } = troubleWith(
      badDoor(() => {}, false),
      { authMs: 30 },
    )
    expect(await first).toMatch(/^dial.silent .*NIP-42/)
    expect(dial.seen).toEqual([])
  })

  test('one that never answers the proof', async () => {
    expect(
      await troubleWith(
        badDoor(() => {}),
        { authMs: 30 },
      ).first,
    ).toMatch(/no answer to AUTH/)
  })

  test('one that refuses the key', async () => {
    const address = badDoor((ws, [label, it]) => {
      if (label === 'AUTH')
        ws.send(JSON.stringify(['OK', Reflect.get(Object(it), 'id'), false, 'restricted: go away']))
    })
    expect(await troubleWith(address).first).toMatch(/^dial.refused .*restricted: go away/)
  })

  test('one by whose clock we are an hour behind: said with by how much', async () => {
    const theirs = Math.floor(Date.now() / 1000) + 3_600
    const reason = `restricted: created_at is more than 600 s from the clock here, ${theirs}`
    const address = badDoor((ws, [label, it]) => {
      if (label === 'AUTH')
        ws.send(JSON.stringify(['OK', Reflect.get(Object(it), 'id'), false, reason]))
    })
    expect(await troubleWith(address).first).toMatch(
      /^dial.refused .*your clock is 3(600|599) s behind the router’s$/,
    )
  })

  test('one that refuses the subscription', async () => {
    const address = badDoor((ws, message) =>
      message[0] === 'REQ' ? void ws.send('["CLOSED","me","error: no"]') : welcome(ws, message),
    )
    expect(await troubleWith(address).first).toMatch(/^dial.refused .*error: no/)
  })

  const tooLarge: [string, string | Uint8Array][] = [
    ['text', 'x'.repeat(70_000)],
    ['frame', new Uint8Array(300_000)],
  ]
  for (const [what, message] of tooLarge)
    test(`one that sends a ${what} that is too large`, async () => {
      const address = badDoor((ws, it) => {
        welcome(ws, it)
        if (it[0] === 'REQ') ws.send(message)
      })
      const { first, dial } = troubleWith(address)
      expect(await first).toMatch(/^dial.closed .*too large/)
      expect(dial.seen).toEqual(['authenticated', 'closed'])
    })

  test('one that talks nonsense is still used', async () => {
    const address = badDoor((ws, it) => {
      for (const text of [
        '',
        'x',
        '[]',
        '{"a":1}',
        '["EVENT"]',
        '["OK"]',
        '["AUTH",1]',
        '["EOSE",{}]',
      ])
        ws.send(text)
      welcome(ws, it)
    })
    const { dial } = troubleWith(address)
    for (let i = 0; i < 500 && dial.links.length === 0; i++) await Bun.sleep(1)
    expect(dial.seen).toEqual(['authenticated'])
  })

  test('one that freezes is noticed by the ping', async () => {
    const address = badDoor((ws, it) => {
      welcome(ws, it)
      // A paused socket reads no pings: what a stopped process looks like from outside.
      if (it[0] === 'REQ') Reflect.apply(Reflect.get(ws, 'pause'), ws, [])
    })
    const { first, dial } = troubleWith(address, { pingMs: 10, linkLostMs: 20, handshakeMs: 200 })
    expect(await first).toMatch(/^dial.closed .*ping/)
    expect(dial.seen).toEqual(['authenticated', 'closed'])
  })

  test('one that answers pings is kept', async () => {
    const { dial } = troubleWith(badDoor(welcome), { pingMs: 5, linkLostMs: 10 })
    await Bun.sleep(50)
    expect(dial.seen).toEqual(['authenticated'])
  })
})

describe('addresses', () => {
  for (const address of [
    'ws://127.0.0.1:1',
    'ws://[::1]:1',
    'ws://10.1.1.1',
    'ws://router:7447',
    'wss://x.example',
  ])
    test(`${address} is dialled`, () => expect(() => checkAddress(address)).not.toThrow())
  const refused: [string, string][] = [
    ['ws://router.example.com', 'dial.plaintext'],
    ['ws://8.8.8.8', 'dial.plaintext'],
    ['http://127.0.0.1', 'dial.address'],
    ['router', 'dial.address'],
    ['ws://me@127.0.0.1', 'dial.address'],
  ]
  for (const [address, code] of refused)
    test(`${address} is ${code}`, () => {
      let caught: unknown
      try {
        checkAddress(address)
      } catch (error) {
        caught = error
      }
      expect(isFault(caught) && caught.code).toBe(code)
    })
})

test('waits double from 0.25 s to 1 s, after ten seconds to 30 s, within half of that either way, and start anew after a good time', async () => {
  const random = seededRandom(5)
  for (let failures = 1; failures < 60; failures++)
    for (let draw = 0; draw < 50; draw++) {
      const soon = Math.min(1_000, 250 * 2 ** (failures - 1))
      const middle = Math.min(30_000, soon * 1.1 ** Math.max(0, failures - 12))
      const wait = waitMs(failures, random)
      expect(wait).toBeGreaterThanOrEqual(Math.floor(middle / 2))
      expect(wait).toBeLessThanOrEqual(middle * 1.5 + 1)
    }
  const clock = virtualClock(0)
  const waits: number[] = []
  let attempts = 0
  const stop = keepTrying(
    (ended) =>
      clock.after(1, () => ended(trouble('closed', 'a', ''), attempts++ === 6 ? 10_000 : 9_999)),
    { clock, random },
    (_, retryMs) => void waits.push(retryMs),
  )
  await clock.advance(60_000)
  stop()
  expect(waits[5]!).toBeGreaterThan(1_000 / 2 - 1)
  expect(waits[6]!).toBeLessThanOrEqual(376)
  await clock.advance(60_000)
  expect(clock.pending()).toBe(0)
})

test('no OK within 5 s is unknown; one event sent twice has one answer', async () => {
  const clock = virtualClock(0)
  const answers = new Answers(clock)
  const id = 'a'.repeat(64) as EventId
  const sent = answers.expect(id)
  expect(answers.expect(id)).toBe(sent)
  let came = ''
  void sent.then((it) => (came = it.state))
  await clock.advance(4_999)
  expect(came).toBe('')
  await clock.advance(1)
  expect([came, clock.pending()]).toEqual(['unknown', 0] as never)
})
