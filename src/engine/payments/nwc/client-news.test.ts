import { afterEach, describe, expect, test } from 'bun:test'
import { until } from '../../../../test/lightning/nwc-bare.ts'
import { tagValue } from '../../protocol/event.ts'
import { WALLET_EVENT_KINDS as KINDS } from '../../protocol/kinds.ts'
import { newKey } from '../../transport/link.fixtures.ts'
import { closeAll, open } from './client.case.ts'
import type { NwcClient } from './client.ts'

afterEach(closeAll)

describe('news', () => {
  const heard = (client: NwcClient): (string | null)[] => {
    const all: (string | null)[] = []
    client.onNews((hash) => all.push(hash))
    return all
  }

  test('names a payment hash, and comes from the wallet only; a new connection may have missed some', async () => {
    const { service, client } = await open()
    await client.ready()
    const all = heard(client)
    const hash = 'ab'.repeat(32)
    const said = { notification_type: 'payment_received', notification: { payment_hash: hash } }
    const tags = [['p', service.client.pubkey]]
    const relay = service.relays[0]!
    relay.pass(service.event(KINDS.notification, tags, service.sealed(said), newKey()))
    relay.pass(service.event(KINDS.notification, tags, 'x'))
    relay.pass(service.event(KINDS.notification, tags, service.sealed({ notification: {} })))
    relay.pass(service.event(KINDS.notification, tags, service.sealed(said), service.signer, 3_600))
    relay.pass(service.event(KINDS.notification, tags, service.sealed(said)))
    await until(() => all.length > 0)
    expect(all).toEqual([hash])
    relay.cut()
    await until(() => {
      service.clock.shift(50)
      return all.length > 1
    })
    expect(all).toEqual([hash, null])
  })
})

describe('what a wallet says of itself', () => {
  test('is its newest info event, of no other key', async () => {
    const { service, client } = await open({ info: null })
    const tags = [['encryption', 'nip44_v2 nip04']]
    const [old, young] = [
      service.event(KINDS.info, [], 'pay_invoice', service.signer, 100),
      service.event(KINDS.info, tags, 'get_info  make_invoice\n', service.signer, 50),
    ]
    const foreign = service.event(KINDS.info, tags, 'x', newKey())
    await client.ready()
    expect(client.info()).toBeNull()
    let heard = false
    client.onNews(() => (heard = true))
    const last = service.event(
      KINDS.notification,
      [['p', service.client.pubkey]],
      service.sealed({ notification: { payment_hash: 'ab'.repeat(32) } }),
    )
    for (const event of [young, old, foreign, last])
      service.relays[0]!.blurt(JSON.stringify(['EVENT', 'me', event]))
    await until(() => heard)
    expect([...client.info()!.methods]).toEqual(['get_info', 'make_invoice'])
    expect(client.info()!.nip44).toBe(true)
    expect(tagValue(client.info()!.event, 'encryption')).toBe('nip44_v2 nip04')
  })
})
