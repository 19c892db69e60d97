import { expect, test } from 'bun:test'
import type { Bounds } from '../../src/engine/base/bounds.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import type { Fault } from '../../src/engine/base/fault.ts'
import { silentLog } from '../../src/engine/base/log.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import type { Signer } from '../../src/engine/identity/seams.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import { openSeveral } from '../../src/engine/roles/client/several.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import type { Client, News, Waiting, Wish } from '../../src/engine/roles/client/news.ts'
import { openNode } from '../../src/engine/roles/node/node.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { openRouter } from '../../src/engine/roles/router/router.ts'
import { pubKey } from '../../src/engine/protocol/ids.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { socketNetwork } from '../../src/engine/transport/sockets.ts'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { wishOf } from './world.ts'

// Real sockets, since only their handshake has a status.

const SEAMS = { clock: systemClock, random: systemRandom }

/** A router and a node, with places for three more keys, and for seven more connections. */
const crowdedRouter = async () => {
  const secp = await openSecp256k1()
  const bounds: Partial<Bounds> = {
    keysPerAddress: 4,
    asksPerSecondUnknown: 1e6,
    openJobsUnknown: 1e6,
    heldTicketsUnknown: 1e6,
  }
  const network = socketNetwork(SEAMS)
  const common = { secp, net: 'sim' as const, network, bounds, ...SEAMS }
  const daemon = { ...common, software: 'test', log: silentLog, broken: () => {} }
  const signer = newSigner(secp, systemRandom)
  const at = { hostname: '127.0.0.1', port: 0, name: 'router' }
  const router = await openRouter({ ...daemon, ...at, signer, store: memoryStore() })
  const pinned = { key: signer.pubkey, address: router.address }
  const node = await openNode({
    ...daemon,
    signer: newSigner(secp, systemRandom),
    store: memoryStore(),
    runners: [
      scriptedRunner({ pieces: textPieces(['one']), pieceMs: 20 }, { ...SEAMS, slots: 32 }),
    ],
    rows: PLAY_PRICES.map((row) => ({ ...row, rates: {}, minimum: '0', timings: ['free'] })),
    queue: 0,
    routers: [pinned],
  })
  while (router.figures().tickets < 32) await Bun.sleep(5)
  const close = async (): Promise<void> => {
    await node.close({ now: true })
    await router.close()
  }
  const open = (options: { signer?: Signer; patient?: boolean } = {}): Promise<Client> =>
    openClient({ ...common, router: pinned, ...options })
  return { me: newSigner(secp, systemRandom), open, close }
}

/** @returns how it ended, and what it waited for */
const ask = async (client: Client, wish: Partial<Wish> = {}) => {
  const told: News[] = []
  for await (const news of client.request(wishOf(wish))) told.push(news)
  const end = told.at(-1)
  return {
    code: end?.type === 'ended' ? (end.outcome.fault?.code ?? 'ok') : 'no end',
    waits: told.flatMap((it) => (it.type === 'waiting' ? [it.why] : [])),
  }
}

/** As a command does it: a connection for one job. */
const job = async (opening: Promise<Client>, wish: Partial<Wish> = {}) => {
  const client = await opening
  const ended = await ask(client, wish)
  await client.close()
  return ended
}

const many = <T>(count: number, one: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, one))

test('twenty clients of one address at a door with places for three are served one after the other', async () => {
  const { open, close } = await crowdedRouter()
  const ended = await many(20, () => job(open(), { waitMs: 10_000 }))
  expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 'ok'))
  expect(new Set(ended.flatMap(({ waits }) => waits))).toEqual(new Set(['crowded']))
  await close()
}, 20_000)

test('one key may show itself on as many connections as an address may have; more of them wait too', async () => {
  const { me, open, close } = await crowdedRouter()
  const ended = await many(7, () => job(open({ signer: me })))
  expect(ended).toEqual(ended.map(() => ({ code: 'ok', waits: [] })))
  const more = await many(20, () => job(open({ signer: me }), { waitMs: 10_000 }))
  expect(more.map(({ code }) => code)).toEqual(more.map(() => 'ok'))
  await close()
}, 20_000)

test('who waits no time, or has another router to ask, is told at the second attempt; who waits some when that is over', async () => {
  const { open, close } = await crowdedRouter()
  const held = await many(3, () => open())
  await Promise.all(held.map((it) => ask(it)))
  const crowded = (...waits: Waiting[]) => ({ code: 'dial.crowded', waits })
  const [hasty, other, patient] = await Promise.all([
    job(open()),
    job(open({ patient: false }), { waitMs: 60_000 }),
    job(open(), { waitMs: 500 }),
  ])
  expect([hasty, other, patient]).toEqual([crowded(), crowded(), crowded('crowded')])
  for (const client of held) await client.close()
  await close()
}, 20_000)

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
  const faultOf = async ({ request }: Pick<typeof one, 'request'>): Promise<Fault | null> => {
    for await (const news of request(wishOf())) if (news.type === 'ended') return news.outcome.fault
    throw new Error('it had no end')
  }
  const fault = await faultOf(one)
  expect(fault).toMatchObject({
    kind: 'again',
    code: 'dial.crowded',
    message: `${router.address} takes no more connections from your address`,
  })
  expect(fault!.hint).toContain('try again in a minute')
  const both = (await faultOf(several))!
  expect(both.code).toBe('routers.none')
  expect(both.hint!.split('\n')[0]).toContain('takes no more connections from your address')
  await one.close()
  await several.close()
  await door.stop(true)
})
