// A node whose ledger is lost and whose key is kept: nobody draws on what nobody counts, and nobody waits for it.
import { expect, test } from 'bun:test'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { unixMs } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import type { ToppedUp } from '../../src/engine/roles/client/news.ts'
import { tabOf } from './money-books.ts'
import { ended, paying } from './paying.ts'

/** A client has paid one node there, and worked on it; then the ledger of that node is gone. */
const lost = async (nodes: number, payments = 2) => {
  const logged: string[] = []
  const hears = (event: string) => void logged.push(event)
  const log = { info: hears, warn: hears, error: hears }
  const { it, client } = await paying({ nodes, log })
  const first = it.request(client, {})
  await ended(it, first)
  expect(first.outcome!.fault).toBeNull()
  const node = it.nodes.find(({ signer }) => signer.pubkey === first.outcome!.node)!
  const key = node.signer.pubkey
  const topUp = async (amount: bigint): Promise<ToppedUp> => {
    const topping = client.topUp({ node: key, amount: msat(amount), maxFee: null, dryRun: false })
    const ends: ToppedUp[] = []
    void (async () => {
      for await (const news of topping) if (news.type === 'topped_up') ends.push(news)
    })()
    while (ends.length === 0) await it.clock.advance(100)
    return ends[0]!
  }
  if (payments > 1) expect((await topUp(100_000n)).fault).toBeNull()
  expect(tabOf(node)).toMatchObject({ seq: payments, n: 1 })
  await it.stopNode(node)
  const { store } = node
  Object.assign(node, { store: memoryStore() })
  await it.startNode(node)
  await it.clock.advance(120_000)
  return { it, client, node, key, topUp, logged, store }
}

test('a job goes to another node at once, and is paid there', async () => {
  const { it, client, key } = await lost(2)
  const job = it.request(client, {})
  const begun = it.clock.now()
  await ended(it, job)
  expect(job.outcome!.fault).toBeNull()
  expect(job.outcome!.node).not.toBe(key)
  expect(it.clock.now() - begun).toBeLessThan(3_000)
  // The next one does not even ask there.
  const next = it.request(client, {})
  await ended(it, next)
  expect(next.news.map(({ type }) => type)).not.toContain('moved')
  await it.close()
})

test('where there is no other node it is said, with what is gone, within a second, and no job is served for nothing', async () => {
  const { it, client, node, topUp, logged } = await lost(1)
  const begun = it.clock.now()
  const job = it.request(client, {})
  await ended(it, job)
  expect(job.outcome!.fault).toMatchObject({
    kind: 'verification',
    code: 'tab.lost',
    message: expect.stringMatching(/does not know your tab any more: 1\d\d sat that you have paid/),
    hint: expect.stringContaining('--where deny:npub1'),
  })
  expect(it.clock.now() - begun).toBeLessThan(1_000)
  expect(logged.filter((event) => event === 'tab.unknown')).toHaveLength(1)
  expect(tabOf(node)).toBeUndefined()
  const { views } = it.clients[0]!.store.money.spending(unixMs(0))
  expect(views).toMatchObject([{ paid: 110_000n, broken: false, lostAt: expect.any(Number) }])
  // Nor is more paid there, on an invoice that is numbered anew.
  expect((await topUp(100_000n)).fault).toMatchObject({ code: 'tab.lost' })
  await it.close()
})

test.each([1, 2])(
  'after %p payments a top-up that nothing was said to before is told by the number of its invoice',
  async (payments) => {
    const { it, topUp } = await lost(1, payments)
    const begun = it.clock.now()
    expect(await topUp(100_000n)).toMatchObject({ paid: false, fault: { code: 'tab.lost' } })
    expect(it.clock.now() - begun).toBeLessThan(2_000)
    expect(it.clients[0]!.store.money.payments(10)).toHaveLength(payments)
    await it.close()
  },
)

test('a ledger that comes back is drawn on again', async () => {
  const { it, client, node, store } = await lost(1)
  const job = it.request(client, {})
  await ended(it, job)
  expect(job.outcome!.fault!.code).toBe('tab.lost')
  await it.clock.advance(11 * 60_000)
  await it.stopNode(node)
  Object.assign(node, { store })
  await it.startNode(node)
  await it.clock.advance(2_000)
  const again = it.request(client, {})
  await ended(it, again)
  expect(again.outcome!.fault).toBeNull()
  const { views } = it.clients[0]!.store.money.spending(unixMs(0))
  expect(views).toMatchObject([{ paid: 110_000n, lostAt: null }])
  await it.close()
})

test('as long as clients come that draw on what is gone it is logged, once a minute', async () => {
  const logged: string[] = []
  const hears = (event: string) => void logged.push(event)
  const { it, client } = await paying({ log: { info: hears, warn: hears, error: hears } })
  const clients = [client, await it.addClient(), await it.addClient()]
  await it.clock.advance(1_000)
  const [node] = it.nodes
  for (const one of clients) await ended(it, it.request(one, {}))
  await it.stopNode(node!)
  Object.assign(node!, { store: memoryStore() })
  await it.startNode(node!)
  await it.clock.advance(120_000)
  for (const one of clients) {
    const job = it.request(one, {})
    await ended(it, job)
    expect(job.outcome!.fault).toMatchObject({ code: 'tab.lost' })
    await it.clock.advance(40_000)
  }
  expect(logged.filter((event) => event === 'tab.unknown')).toHaveLength(2)
  await it.close()
})
