import { expect, test } from 'bun:test'
import { openSeveral } from '../../src/engine/roles/client/several.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import type { Outcome } from '../../src/engine/roles/client/news.ts'
import { pubKey } from '../../src/engine/protocol/ids.ts'
import { wishOf } from './world.ts'

// Real sockets, since only their handshake has a status.

test('a router that takes no more connections from here is not said to be absent', async () => {
  const door = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response('too many connections from your address\n', { status: 429 }),
  })
  const router = { key: pubKey('a'.repeat(64)), address: `ws://127.0.0.1:${door.port}` }
  const other = { key: pubKey('b'.repeat(64)), address: 'ws://127.0.0.1:1' }
  const one = await openClient({ router, net: 'sim' })
  const several = openSeveral({ routers: [router, other], net: 'sim' })
  const ask = async ({ request }: Pick<typeof one, 'request'>): Promise<Outcome> => {
    for await (const news of request(wishOf())) if (news.type === 'ended') return news.outcome
    throw new Error('it had no end')
  }
  const { fault } = await ask(one)
  expect(fault).toMatchObject({
    kind: 'unavailable',
    code: 'dial.crowded',
    message: `${router.address} takes no more connections from your address`,
  })
  expect(fault!.hint).toContain('try again in a minute')
  const both = (await ask(several)).fault!
  expect(both.code).toBe('routers.none')
  expect(both.hint!.split('\n')[0]).toContain('takes no more connections from your address')
  await one.close()
  await several.close()
  await door.stop(true)
})
