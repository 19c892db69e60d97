import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { openCable } from '../../../test/fakes/relay-cable.ts'
import { openFakeRelay, type RelayMischief } from '../../../test/fakes/relay.ts'
import { shiftingClock } from '../../../test/lightning/shifting-clock.ts'
import type { Bounds } from '../base/bounds.ts'
import { toSec } from '../base/clock.ts'
import type { Fault } from '../base/fault.ts'
import { seededRandom } from '../base/random.ts'
import { isFault } from '../base/fault.ts'
import { type Signed, eventText } from '../protocol/event.ts'
import { WALLET_EVENT_KINDS } from '../protocol/kinds.ts'
import { newKey, secp } from './link.fixtures.ts'
import { dialRelay, type Relay } from './relay.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const KIND = WALLET_EVENT_KINDS.response
const me = newKey()
const author = newKey()

const openRelay = async (mischief: Partial<RelayMischief> = {}) => {
  const relay = await openFakeRelay(mischief)
  closing.push(relay.close)
  return relay
}

const dial = (address: string, bounds: Partial<Bounds> = {}) => {
  const clock = shiftingClock()
  const heard: Signed[] = []
  const troubles: Fault[] = []
  const sinces: number[] = []
  let readies = 0
  const relay: Relay = dialRelay(
    address,
    {
      signer: me,
      bounds,
      filters() {
        sinces.push(toSec(clock.now()) - 60)
        return [{ kinds: [KIND], '#p': [me.pubkey], since: sinces.at(-1)! }]
      },
      onEvent: (event) => heard.push(event),
      onReady: () => readies++,
      onTrouble: (fault) => troubles.push(fault),
    },
    { clock, random: seededRandom(3), verifier: secp },
  )
  closing.push(relay.close)
  return {
    relay,
    clock,
    heard,
    troubles,
    sinces,
    ready: (times = 1) => until(() => readies >= times),
    /** Puts the clock forward while it waits: attempts and answers have their times. */
    trouble: async (pattern: RegExp) => {
      await until(() => {
        clock.shift(20)
        return troubles.length > 0
      })
      expect(`${troubles[0]!.code} ${troubles[0]!.message}`).toMatch(pattern)
    },
  }
}

const until = async (check: () => boolean): Promise<void> => {
  for (let i = 0; i < 2_000 && !check(); i++) await Bun.sleep(1)
  expect(check()).toBe(true)
}

let n = 0
const eventFor = (over: { to?: string; kind?: number; ageSec?: number } = {}): Signed =>
  author.sign({
    kind: over.kind ?? KIND,
    created_at: (toSec(Date.now() as never) - (over.ageSec ?? 0)) as never,
    tags: [['p', over.to ?? me.pubkey]],
    content: `${n++}`,
  })

describe('a relay', () => {
  test('takes events, and gives those that were asked for', async () => {
    const far = await openRelay()
    const near = dial(far.url)
    expect(near.relay.ready()).toBe(false)
    expect((await near.relay.publish(eventFor())).state).toBe('unknown')
    await near.ready()
    const event = eventFor()
    expect(await near.relay.publish(event)).toEqual({ state: 'delivered' })
    await until(() => near.heard.length === 1)
    expect(near.heard[0]).toEqual(event)
    expect(far.published).toEqual([event])
  })

  test('is not believed: what is forged, changed, or was not asked for is not heard', async () => {
    const far = await openRelay()
    const near = dial(far.url)
    await near.ready()
    const genuine = eventFor()
    const say = (event: object) => far.blurt(JSON.stringify(['EVENT', 'me', event]))
    say({ ...eventFor(), content: 'changed' })
    say({ ...eventFor(), pubkey: me.pubkey })
    say({ ...eventFor(), sig: eventFor().sig })
    say({ ...eventFor(), id: '0'.repeat(64) })
    say(eventFor({ to: author.pubkey }))
    say(eventFor({ kind: KIND + 1 }))
    say(eventFor({ ageSec: 3_600 }))
    far.blurt(`["EVENT","other",${eventText(eventFor())}]`)
    // The same, written as others write it.
    far.blurt(` [ "EVENT" , "me" , ${eventText(genuine)} ] `)
    await until(() => near.heard.length > 0)
    expect(near.heard).toEqual([genuine])
  })

  test('that talks nonsense changes nothing', async () => {
    const far = await openRelay()
    const near = dial(far.url)
    await near.ready()
    for (const text of ['', '[]', '{}', 'null', '["EVENT"]', '["EVENT","me"]', '["EVENT","me",3]'])
      far.blurt(text)
    const words = fc.constantFrom('EVENT', 'OK', 'AUTH', 'EOSE', 'NOTICE', 'COUNT', 'x')
    const messages = fc.tuple(words, fc.jsonValue(), fc.jsonValue(), fc.jsonValue())
    for (const message of fc.sample(messages, { numRuns: 200, seed: 5 }))
      far.blurt(JSON.stringify(message))
    const event = eventFor()
    expect(await near.relay.publish(event)).toEqual({ state: 'delivered' })
    await until(() => near.heard.length === 1)
    expect(near.troubles).toEqual([])
  })

  test('that ends the connection is dialled again, and asked from then on', async () => {
    const far = await openRelay()
    const near = dial(far.url)
    await near.ready()
    far.cut()
    await near.trouble(/^dial.closed the connection to 127.0.0.1:\d+ ended/)
    near.clock.shift(5_000)
    await near.ready(2)
    expect(near.sinces[1]! - near.sinces[0]!).toBeGreaterThanOrEqual(5)
    await near.relay.publish(eventFor({ ageSec: -6 }))
    await until(() => near.heard.length === 1)
  })

  test('is asked for something else in between, without a gap', async () => {
    const far = await openRelay()
    let kind = KIND
    const heard: number[] = []
    const clock = shiftingClock()
    const relay = dialRelay(
      far.url,
      {
        signer: me,
        filters: () => [{ kinds: [kind] }],
        onEvent: (event) => heard.push(event.kind),
      },
      { clock, random: seededRandom(3), verifier: secp },
    )
    closing.push(relay.close)
    relay.resubscribe()
    await until(() => relay.ready())
    await relay.publish(eventFor())
    await relay.publish(eventFor({ kind: KIND + 1 }))
    kind++
    relay.resubscribe()
    await relay.publish(eventFor({ kind }))
    await relay.publish(eventFor())
    await until(() => heard.length === 2)
    expect(heard).toEqual([KIND, KIND + 1])
  })

  test('that is not there is tried until it is', async () => {
    const far = await openRelay()
    await far.stop()
    const near = dial(far.url)
    await near.trouble(/^dial.unreachable nobody answers at 127.0.0.1:\d+/)
    await far.restart()
    await until(() => {
      near.clock.shift(50)
      return near.relay.ready()
    })
  })

  test('that was cut off without a word is noticed by its silence', async () => {
    const far = await openRelay()
    const cable = openCable(Number(new URL(far.url).port))
    closing.push(cable.close)
    const near = dial(`ws://127.0.0.1:${cable.port}`, { pingMs: 2_000, linkLostMs: 1_000 })
    await near.ready()
    await until(() => {
      near.clock.shift(50)
      return near.clock.ticks() > 10_000
    })
    expect(near.troubles).toEqual([])
    cable.pull()
    await near.trouble(/no answer to a ping/)
    expect(near.relay.ready()).toBe(false)
  })

  test('that answers no REQ is given up', async () => {
    const far = await openRelay({ frozen: true })
    await dial(far.url).trouble(/^dial.silent .*no answer to REQ/)
  })

  test.each([
    ['a message that is too large', (blurt: Blurt) => blurt(`["NOTICE","${'x'.repeat(70_000)}"]`)],
    ['messages without end', (blurt: Blurt) => flood(1_500, () => blurt('["NOTICE","x"]'))],
    ['forged events without end', (blurt: Blurt) => flood(1_500, () => blurt(FORGED))],
  ])('that sends %s is left', async (_, attack) => {
    const far = await openRelay()
    const near = dial(far.url)
    await near.ready()
    attack(far.blurt)
    await near.trouble(/^dial.closed .*it sent (a message that is too large|too many)/)
    expect(near.heard).toEqual([])
  })
})

type Blurt = (text: string) => void
const FORGED = JSON.stringify(['EVENT', 'me', { ...eventFor(), content: 'changed' }])
const flood = (times: number, send: () => void): void => {
  for (let i = 0; i < times; i++) send()
}

describe('what a relay says to an event', () => {
  test('a refusal is told with its reason, in one line that has an end', async () => {
    const far = await openRelay({ refuses: `blocked:\n${'x'.repeat(500)}` })
    const near = dial(far.url)
    await near.ready()
    const delivery = await near.relay.publish(eventFor())
    expect(delivery).toEqual({ state: 'refused', reason: `blocked: ${'x'.repeat(151)}` })
  })

  test('nothing within five seconds, or the end of the connection, is unknown', async () => {
    const far = await openRelay({ silent: true })
    const near = dial(far.url)
    await near.ready()
    const first = near.relay.publish(eventFor())
    near.clock.shift(5_000)
    expect(await first).toEqual({ state: 'unknown', reason: 'no OK came' })
    const second = near.relay.publish(eventFor())
    far.cut()
    expect((await second).state).toBe('unknown')
  })
})

describe('a relay that wants to know us (NIP-42)', () => {
  test('before it is asked for anything', async () => {
    const far = await openRelay({ auth: 'req' })
    const near = dial(far.url)
    await near.ready()
    await near.relay.publish(eventFor())
    await until(() => near.heard.length === 1)
  })

  test('before it takes an event', async () => {
    const far = await openRelay({ auth: 'event' })
    const near = dial(far.url)
    await near.ready()
    const own = me.sign({ ...eventFor(), content: 'mine' })
    expect(await near.relay.publish(own)).toEqual({ state: 'delivered' })
    expect((await near.relay.publish(eventFor())).state).toBe('refused')
  })

  test('and does not like our key', async () => {
    const far = await openRelay({ auth: 'refuses' })
    await dial(far.url).trouble(/^dial.refused .*refused our key: restricted/)
  })

  test('gets one proof for a challenge, and not for ever', async () => {
    const proofs: string[] = []
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request, it) => (it.upgrade(request) ? undefined : new Response()),
      websocket: {
        open(socket) {
          for (let i = 0; i < 50; i++) socket.send(JSON.stringify(['AUTH', `c${i}`]))
          socket.send(JSON.stringify(['AUTH', 'c'.repeat(10_000)]))
        },
        message: (_, text) =>
          void (String(text).startsWith('["AUTH"') && proofs.push(String(text))),
      },
    })
    closing.push(() => server.stop(true))
    dial(`ws://127.0.0.1:${server.port}`)
    await until(() => proofs.length >= 8)
    await Bun.sleep(5)
    expect(proofs).toHaveLength(8)
    expect(proofs[0]).toContain('["challenge","c0"]')
  })
})

describe('an address', () => {
  const faultOf = (address: string): string => {
    try {
      dial(address)
    } catch (error) {
      if (isFault(error)) return error.code
    }
    return ''
  }

  test('is dialled without TLS on this machine and private networks only', () => {
    expect(faultOf('ws://relay.example.com')).toBe('dial.plaintext')
    expect(faultOf('http://127.0.0.1:1')).toBe('dial.address')
    expect(faultOf('wss://key:word@relay.example.com')).toBe('dial.address')
    expect(faultOf('ws://10.1.2.3:1')).toBe('')
  })

  test('is said as its host alone: a path may be a secret', async () => {
    const far = await openRelay()
    await far.stop()
    const near = dial(`${far.url}/canary?token=canary`)
    await near.trouble(/^dial.unreachable/)
    expect(near.troubles[0]!.message).not.toContain('canary')
  })
})
