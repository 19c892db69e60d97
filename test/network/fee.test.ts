// A router's own fee: packs of routes, paid ahead to its wallet, used up by jobs that were served.
import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import type { Client } from '../../src/engine/roles/client/news.ts'
import { codeOf, FEE, has, packsOf, ROUTE, serve, viewOf } from './fee.ts'
import { ended, paying, toldOf } from './paying.ts'
import type { Asked, World } from './world.ts'

test('a pack is bought before the first job, and told of first; jobs use it up; then the next is bought', async () => {
  const { it, client } = await paying({ fee: FEE })
  const first = await serve(it, client)
  expect(codeOf(first)).toBeNull()
  expect(toldOf(first).slice(0, 5)).toEqual(['offers', 'fee', 'funding', 'paying', 'paid'])
  const router = it.routerParty.signer.pubkey
  const told = first.news.find((news) => news.type === 'fee')
  expect(told).toEqual({ type: 'fee', router, msat: msat(10_000n), routes: 4 })
  expect(first.outcome!.fee).toBe(ROUTE)
  expect(packsOf(it)).toEqual([[4, 1]])
  expect(await has(it, 'router')).toBe(10_000n)

  for (let used = 2; used <= 4; used++) {
    const next = await serve(it, client)
    expect([codeOf(next), next.outcome!.fee]).toEqual([null, ROUTE])
    expect(packsOf(it)).toEqual([[4, used]])
  }
  const fifth = await serve(it, client)
  expect(codeOf(fifth)).toBeNull()
  expect(toldOf(fifth)).not.toContain('fee')
  expect(packsOf(it)).toEqual([[8, 5]])
  expect(viewOf(it)).toEqual([8, 5])
  expect(await has(it, 'router')).toBe(20_000n)
  await it.close()
  expect(it.faults).toEqual([])
})

test('a large pack is bought again before it is used up, and no job waits for it', async () => {
  const { it, client } = await paying({ fee: { pack: 50_000n, routes: 20 } })
  const waited: number[] = []
  for (let n = 0; n < 22; n++) {
    const asked = await serve(it, client)
    expect(codeOf(asked)).toBeNull()
    const { router } = asked.outcome!
    if (asked.news.some((news) => news.type === 'funding' && news.node === router)) waited.push(n)
  }
  expect(waited).toEqual([0])
  expect(packsOf(it)).toEqual([[40, 22]])
  expect(viewOf(it)).toEqual([40, 22])
  await it.close()
})

test('many jobs at once: each has a route, none is served without one', async () => {
  const { it, client } = await paying({ fee: FEE, slots: 8 })
  const asked = Array.from({ length: 7 }, () => it.request(client, {}))
  for (const one of asked) await ended(it, one)
  await it.clock.advance(1_000)
  expect(asked.map(codeOf)).toEqual(asked.map(() => null))
  expect(packsOf(it)).toEqual([[8, 7]])
  expect(viewOf(it)).toEqual([8, 7])
  await it.close()
})

/** How long a job takes, ms. */
const timed = async (it: World, client: Client): Promise<[Asked, number]> => {
  const began = it.clock.now()
  const asked = it.request(client, {})
  for (let ms = 0; ms < 30_000 && !asked.outcome; ms++) await it.clock.advance(1)
  return [asked, it.clock.now() - began]
}

test('a pack that is used up at once is bought again at once: who has paid the last one asks for something else', async () => {
  const { it, client } = await paying({ fee: { pack: 1_000n, routes: 1 } })
  for (let n = 0; n < 4; n++) {
    const [asked, ms] = await timed(it, client)
    expect(codeOf(asked)).toBeNull()
    expect(ms).toBeLessThan(400)
  }
  await it.clock.advance(1_000)
  expect(await has(it, 'router')).toBe(4_000n)
  await it.close()
})

test('who could not pay and asks again at once hears so within a second or so', async () => {
  const { it, client } = await paying({ fee: FEE })
  it.bank!.down = true
  const times = []
  for (let n = 0; n < 3; n++) {
    const [asked, ms] = await timed(it, client)
    expect(codeOf(asked)).toBe('fee.failed')
    times.push(ms)
  }
  expect(Math.max(...times)).toBeLessThan(1_100)
  expect(it.routerParty.deeds.filter((deed) => deed === 'invoice')).toHaveLength(1)
  await it.close()
})

test('a job that its node failed uses no route', async () => {
  const fail = { after: 'start', trouble: 'crashed' } as const
  const { it, client } = await paying({ fee: FEE, script: { pieces: [], fail } })
  const asked = await serve(it, client)
  expect(asked.outcome!.receipt!.status).toBe('runner_failed')
  expect(asked.outcome!.fee).toBe(msat(0n))
  expect(packsOf(it)).toEqual([[4, 0]])
  expect(viewOf(it)).toEqual([4, 0])
  await it.close()
})

test('what is left outlives the router and the session, and a new price takes nothing away', async () => {
  const { it, client } = await paying({ fee: FEE })
  await serve(it, client)
  await it.stopRouter()
  await it.startRouter()
  await it.clock.advance(15_000)
  const second = await serve(it, client)
  expect([codeOf(second), toldOf(second).includes('funding')]).toEqual([null, false])
  expect(packsOf(it)).toEqual([[4, 2]])

  const [party] = it.clients
  it.kill(party!)
  await it.start(party!)
  await it.clock.advance(1_000)
  const third = await serve(it, party!.client!)
  expect([codeOf(third), toldOf(third).includes('funding')]).toEqual([null, false])
  expect(packsOf(it)).toEqual([[4, 3]])

  await it.stopRouter()
  it.fee = { pack: 5_000n, routes: 4 }
  await it.startRouter()
  await it.clock.advance(15_000)
  const fourth = await serve(it, party!.client!)
  expect([codeOf(fourth), fourth.outcome!.fee]).toEqual([null, msat(1_250n)])
  // Half a route at the old price is one at the new.
  const fifth = await serve(it, party!.client!)
  expect([codeOf(fifth), toldOf(fifth).includes('funding')]).toEqual([null, false])
  expect(await has(it, 'router')).toBe(10_000n)
  await it.close()
  expect(it.faults).toEqual([])
})

test('paid, and the router dies before it hears of it: it finds the money, and asks for none again', async () => {
  const { it, client } = await paying({ fee: FEE })
  const asked = it.request(client, {})
  while (!toldOf(asked).includes('paying')) await it.clock.advance(1)
  await it.stopRouter()
  await it.clock.advance(500)
  await it.startRouter()
  await ended(it, asked)
  await it.clock.advance(1_000)
  expect(codeOf(asked)).toBeNull()
  expect(await has(it, 'router')).toBe(10_000n)
  expect(packsOf(it)).toEqual([[4, 1]])
  await it.close()
  expect(it.faults).toEqual([])
})

test('without a fee nothing is opened, said or sent about one', async () => {
  const { it, client } = await paying()
  const asked = await serve(it, client)
  expect(codeOf(asked)).toBeNull()
  const said = JSON.parse(asked.outcome!.bundle.offers!.content) as Record<string, unknown>
  expect([said['fee'], 'pack' in said]).toEqual(['0', false])
  const router = it.routerParty.signer.pubkey
  const letters = it.recorded.events.filter(({ event }) => event.kind === 26437)
  expect(letters.length).toBeGreaterThan(0)
  const about = letters.filter(
    ({ event }) => event.pubkey === router || event.tags.some(([, value]) => value === router),
  )
  expect(about).toEqual([])
  expect(packsOf(it)).toEqual([])
  expect(it.routerParty.deeds).not.toContain('invoice')
  await it.close()
})
