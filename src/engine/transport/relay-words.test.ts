import { afterEach, describe, expect, test } from 'bun:test'
import { isFault } from '../base/fault.ts'
import { closeAll, closing, dial, eventFor, me, openRelay, until } from './relay.fixtures.ts'

afterEach(closeAll)

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
