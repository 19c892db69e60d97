import { afterEach, describe, expect, test } from 'bun:test'
import { type BareService, done, failed, until } from '../../../../test/lightning/nwc-bare.ts'
import { WALLET_EVENT_KINDS as KINDS } from '../../protocol/kinds.ts'
import { newKey } from '../../transport/link.fixtures.ts'
import { asked, closeAll, inTime, open, sealedText } from './client.case.ts'

afterEach(closeAll)

describe('a request', () => {
  test('is one event for the wallet, sealed by NIP-44, and ends', async () => {
    const { service, client } = await open()
    await client.ready()
    const outcome = client.call(
      'pay_invoice',
      { invoice: 'x' },
      { expires: 1_900_000_000 as never },
    )
    const { method, params, event } = await asked(service)
    expect([method, params]).toEqual(['pay_invoice', { invoice: 'x' }])
    expect(event).toMatchObject({
      kind: KINDS.request,
      pubkey: service.client.pubkey,
      tags: [
        ['p', service.signer.pubkey],
        ['encryption', 'nip44_v2'],
        ['expiration', '1900000000'],
      ],
    })
    service.relays[0]!.pass(service.answerTo(event.id, done('pay_invoice', { preimage: 'y' })))
    expect(await outcome).toEqual({ state: 'done', result: { preimage: 'y' } })
  })

  test('goes to all relays, as the same event, and the first answer counts', async () => {
    const { service, client } = await open({ relays: 3 })
    let n = 0
    service.script((method) => done(method, { n: n++ }))
    await until(() => service.relays.every((relay) => relay.connections() > 0))
    const outcomes = [client.call('get_balance', {}), client.call('get_balance', {})]
    await until(() => service.requests.length === 6)
    const ids = new Set(service.requests.map(({ event }) => event.id))
    expect(ids.size).toBe(2)
    for (const outcome of await Promise.all(outcomes)) expect(outcome.state).toBe('done')
  })

  test('goes to a relay that comes late, and does without one that never does', async () => {
    const { service, client } = await open({ relays: 2 })
    const [first, second] = service.relays
    await second!.stop()
    await first!.stop()
    service.script((method) => done(method, {}))
    const outcome = client.call('get_balance', {})
    await Bun.sleep(5)
    await first!.restart()
    expect((await inTime(service, outcome)).state).toBe('done')
    expect(service.requests.map(({ relay }) => relay)).toEqual([0])
  })

  test('that nobody answers ends with its time', async () => {
    const { service, client } = await open()
    await client.ready()
    const outcome = client.call('get_balance', {}, { waitMs: 3_000 })
    await asked(service)
    service.clock.shift(2_000)
    const early = await Promise.race([outcome, Bun.sleep(2)])
    expect(early).toBeUndefined()
    service.clock.shift(2_000)
    expect(await outcome).toEqual({ state: 'silent', why: 'no answer within 3 s' })
    // What comes then is nobody's.
    service.relays[0]!.pass(service.answerTo(service.requests[0]!.event.id, done('x', {})))
  })

  test('that no relay takes ends at once, with the reason', async () => {
    const { client } = await open({ relays: 2, mischief: { refuses: 'blocked: pay first' } })
    await client.ready()
    const outcome = await client.call('get_balance', {})
    expect(outcome).toEqual({ state: 'silent', why: 'no relay takes requests: blocked: pay first' })
  })

  test('is not sent beyond a bound, nor after the end', async () => {
    const { client } = await open()
    const all = Array.from({ length: 257 }, () => client.call('get_balance', {}))
    expect(await all[256]).toEqual({ state: 'silent', why: 'too much is asked at once' })
    client.close()
    for (const outcome of await Promise.all(all)) expect(outcome.state).toBe('silent')
    expect((await client.call('get_balance', {})).state).toBe('silent')
  })
})

describe('an answer', () => {
  const fake: readonly (readonly [string, (service: BareService, id: string) => unknown])[] = [
    [
      'of another key',
      (service, id) => service.answerTo(id, done('get_balance', { fake: true }), newKey()),
    ],
    [
      'to another request',
      (service) => service.answerTo('f'.repeat(64), done('get_balance', { fake: true })),
    ],
    [
      'that somebody changed',
      (service, id) => ({ ...service.answerTo(id, done('get_balance', {})), content: 'x' }),
    ],
    [
      'that names no request',
      (service) =>
        service.event(
          KINDS.response,
          [['p', service.client.pubkey]],
          service.sealed(done('get_balance', { fake: true })),
        ),
    ],
  ]
  test.each(fake)('%s is none', async (_, make) => {
    const { service, client } = await open()
    await client.ready()
    const outcome = client.call('get_balance', {})
    const { event } = await asked(service)
    service.relays[0]!.blurt(JSON.stringify(['EVENT', 'me', make(service, event.id)]))
    service.relays[0]!.pass(service.answerTo(event.id, done('get_balance', { balance: 1 })))
    expect(await outcome).toEqual({ state: 'done', result: { balance: 1 } })
  })

  test('counts also without the name of its client: Alby’s library leaves it out', async () => {
    const { service, client } = await open()
    await client.ready()
    const outcome = client.call('get_balance', {})
    const { event } = await asked(service)
    const content = service.sealed(done('get_balance', { balance: 1 }))
    service.relays[0]!.pass(service.event(KINDS.response, [['e', event.id]], content))
    expect(await outcome).toEqual({ state: 'done', result: { balance: 1 } })
  })

  test('that was given before fits no later request, however often a relay repeats it', async () => {
    const { service, client } = await open()
    await client.ready()
    const first = client.call('get_balance', {})
    const old = service.answerTo((await asked(service)).event.id, done('get_balance', { old: 1 }))
    for (let i = 0; i < 3; i++) service.relays[0]!.pass(old)
    expect(await first).toMatchObject({ state: 'done' })
    const second = client.call('get_balance', {})
    const { event } = await asked(service, 2)
    service.relays[0]!.pass(old)
    service.relays[0]!.pass(service.answerTo(event.id, failed('get_balance', 'INTERNAL', 'no')))
    expect(await second).toEqual({ state: 'error', code: 'INTERNAL', message: 'no' })
  })

  test.each([
    ['in another encryption', () => 'AAAA?iv=BBBB'],
    ['that is no JSON', (it: BareService) => sealedText(it, '<html>502</html>')],
    ['of another method', (it: BareService) => it.sealed(done('pay_invoice', {}))],
    ['without result and error', (it: BareService) => it.sealed(done('get_balance', null))],
    ['with a result that is a list', (it: BareService) => it.sealed(done('get_balance', []))],
    ['that is nothing', (it: BareService) => sealedText(it, 'null')],
  ])('signed by the wallet, %s is nonsense', async (_, content) => {
    const { service, client } = await open()
    await client.ready()
    const outcome = client.call('get_balance', {})
    const { event } = await asked(service)
    const tags = [
      ['p', service.client.pubkey],
      ['e', event.id],
    ]
    service.relays[0]!.pass(service.event(KINDS.response, tags, content(service)))
    expect(await outcome).toEqual({ state: 'nonsense' })
  })
})
